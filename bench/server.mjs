// One echo server as a child process, pinned to its cores.

import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { tied } from './children.mjs'

const READY = 20_000
const GRACE = 2_000
/** As many descriptors as may be had: some runtimes raise that limit themselves, and some are left with 1 024. */
const PINNED = 'ulimit -n "$(ulimit -Hn)" && exec taskset -c "$@"'
/** So much of what a server writes is kept for its error. */
const MOST = 10_000

/**
 * Starts a server and waits for its line `listening PORT`.
 * @param {string[]} command program and arguments; the port 0 is added
 * @param {{ cores: string, env?: Record<string, string>, quiet?: boolean }} options cores as taskset takes them
 * @returns {Promise<{ port: number, pids: number[], stop: () => Promise<void> }>}
 * @throws when it ends or is silent for 20 s; the error holds what it wrote
 */
export async function start(command, { cores, env = {}, quiet = false }) {
  const stdio = ['ignore', 'pipe', quiet ? 'ignore' : 'pipe']
  const child = tied(
    spawn('sh', ['-c', PINNED, 'sh', cores, ...command, '0'], { env: { ...process.env, ...env }, stdio }),
  )
  const ended = new Promise((resolve) => child.once('exit', resolve))
  let text = ''
  const port = await new Promise((resolve, reject) => {
    const fail = (why) => reject(new Error(`${command.join(' ')}: ${why}${text && `\n${text}`}`))
    const timer = setTimeout(() => fail(`not ready in ${READY / 1000} s`), READY)
    const hear = (chunk) => {
      text += chunk
      const match = /^listening (\d+)$/m.exec(text)
      if (match) resolve(Number(match[1]))
      if (match) clearTimeout(timer)
    }
    child.stdout.on('data', hear)
    child.stderr?.on('data', (chunk) => {
      if (text.length < MOST) text += chunk
    })
    child.once('error', (error) => fail(error.message))
    child.once('exit', (code, signal) => fail(`ended with ${signal ?? code}`))
  }).catch((error) => {
    child.kill('SIGKILL')
    throw error
  })
  const stop = async () => {
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), GRACE)
    await ended
    clearTimeout(timer)
  }
  try {
    return { port, pids: family(child.pid), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** A process and all that it has started: node:cluster serves in children. */
function family(pid) {
  const pids = [pid]
  for (const at of pids) {
    for (const thread of readdirSync(`/proc/${at}/task`)) {
      pids.push(...children(`/proc/${at}/task/${thread}/children`))
    }
  }
  return pids
}

/** The processes that a thread has started; none where it has ended between the listing and now. */
function children(file) {
  try {
    return readFileSync(file, 'utf8').split(' ').filter(Boolean).map(Number)
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return []
    throw error
  }
}
