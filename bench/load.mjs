// The load generator, from the outside.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { tied } from './children.mjs'

const program = fileURLToPath(new URL('load/target/release/load', import.meta.url))
const execute = promisify(execFile)

/**
 * Runs one load against a server and returns its figures: the fields of its line of JSON (load/src/report.rs).
 * @param {{ port: number, pids: number[] }} server
 * @param {string[]} options of the load generator
 * @param {{ cores: string, seconds: number, warmup: number }} how
 * @throws when a byte came back wrong, the server closed or stalled
 */
export async function load(server, options, { cores, seconds, warmup }) {
  const pids = server.pids.flatMap((pid) => ['--pid', String(pid)])
  const time = ['--seconds', String(seconds), '--warmup', String(warmup)]
  const args = ['-c', cores, program, '--port', String(server.port), ...options, ...time, ...pids]
  const running = execute('taskset', args, { timeout: (seconds + warmup + 60) * 1000 })
  tied(running.child)
  return JSON.parse((await running).stdout)
}
