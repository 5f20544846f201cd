// `npm start`: builds what is out of date, then runs the echo server; arguments go to it (`npm start -- --port 7000`).

import { spawn } from 'node:child_process'
import { setup } from './setup.mjs'

setup('native', 'library')

const program = spawn(process.execPath, ['dist/program.js', 'echo', ...process.argv.slice(2)], { stdio: 'inherit' })

// Whoever sends a signal may send it to this process alone. Where it goes to the whole group, as ^C at a terminal does, the
// program gets it twice, and takes it for one.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => program.kill(signal))

const signals = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }
program.on('exit', (code, signal) => {
  process.exitCode = code ?? 128 + (signals[signal] ?? 0)
})
