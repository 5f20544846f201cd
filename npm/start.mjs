// `npm start`: builds what is out of date, then runs the echo server; arguments go to it (`npm start -- --port 7000`).

import { spawn } from 'node:child_process'
import { setup } from './setup.mjs'

setup('native', 'library')

const program = spawn(process.execPath, ['dist/program.js', 'echo', ...process.argv.slice(2)], { stdio: 'inherit' })

// ^C at a terminal reaches the whole process group, the program with it, and npm sends it here once more: passed on, it
// would be the program's second SIGINT, which ends it at once. Elsewhere only this process may have got it.
const terminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY
process.on('SIGINT', () => {
  if (!terminal) program.kill('SIGINT')
})
process.on('SIGTERM', () => program.kill('SIGTERM'))
process.on('SIGHUP', () => program.kill('SIGHUP'))

const signals = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }
program.on('exit', (code, signal) => {
  process.exitCode = code ?? 128 + (signals[signal] ?? 0)
})
