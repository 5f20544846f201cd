#!/usr/bin/env node
import { echo, echoHelp } from './program/echo-command.js'
import { info, infoHelp } from './program/info-command.js'
import { UsageError } from './program/usage.js'
import { version } from './version.js'

/* The program `miou`. Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted twice. */

const help = `miou: structured concurrency on every core of one process

  miou echo    an echo server on every domain, until SIGINT or SIGTERM
  miou info    versions, platform, and the binary that was loaded

  miou COMMAND --help says more; miou --version says which this is.`

const commands: Record<string, { run: (args: string[]) => Promise<void>; help: string }> = {
  echo: { run: echo, help: echoHelp },
  info: { run: info, help: infoHelp },
}

async function program([name, ...args]: string[]): Promise<void> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') return void console.log(help)
  if (name === '--version' || name === '-V') return void console.log(version())
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command === undefined) throw new UsageError(`there is no command ${JSON.stringify(name)}: try miou --help`)
  if (args.includes('--help') || args.includes('-h')) return void console.log(command.help)
  await command.run(args)
}

try {
  await program(process.argv.slice(2))
} catch (error) {
  process.exitCode = error instanceof UsageError ? 2 : 1
  process.stderr.write(`miou: ${(error as Error).message}\n`)
}
