// System calls per message, counted by strace in a short run of its own: tracing slows a server, so nothing else of that
// run is used.

import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tied } from './children.mjs'

const ATTACH = 5_000

/**
 * Counts the calls that all threads of a server make while `work` runs.
 * @param {number[]} pids
 * @param {() => Promise<{ total_messages: number }>} work
 * @returns {Promise<{ total: number, calls: Record<string, number> }>} per message
 * @throws where strace is missing or may not attach
 */
export async function count(pids, work) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  const file = join(folder, 'calls')
  try {
    const args = ['-f', '-c', '-o', file, ...pids.flatMap((pid) => ['-p', String(pid)])]
    const strace = tied(spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] }))
    const ended = new Promise((resolve) => strace.once('exit', resolve))
    await attached(strace, pids.length)
    const { total_messages: messages } = await work()
    strace.kill('SIGINT')
    await ended
    return perMessage(readFileSync(file, 'utf8'), messages)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function attached(strace, processes) {
  return new Promise((resolve, reject) => {
    let text = ''
    const timer = setTimeout(() => reject(new Error(`strace did not attach: ${text}`)), ATTACH)
    const done = (settle, value) => {
      clearTimeout(timer)
      settle(value)
    }
    strace.once('error', (error) => done(reject, error))
    strace.once('exit', () => done(reject, new Error(`strace ended: ${text}`)))
    strace.stderr.on('data', (chunk) => {
      text += chunk
      if ((text.match(/attached/g) ?? []).length >= processes) done(resolve)
    })
  })
}

/** Reads the table of `strace -c`: share, seconds, us per call, calls, errors (or none), name. */
function perMessage(table, messages) {
  const calls = {}
  let total = 0
  for (const line of table.split('\n')) {
    const fields = line.trim().split(/\s+/)
    const name = fields.at(-1)
    const number = Number(fields[3])
    if (!/^[a-z]\w*$/.test(name) || name === 'total' || !Number.isFinite(number)) continue
    calls[name] = number / messages
    total += number / messages
  }
  return { total, calls }
}
