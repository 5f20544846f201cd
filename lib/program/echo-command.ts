import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import * as Miou from '../index.js'
import * as Unix from '../unix.js'
import { listen, listening, newState, type Served, serve, serveAt, stop } from './echo-server.js'
import { interrupted, onInterrupt } from './interrupt.js'
import { options, UsageError, whole } from './usage.js'

export const echoHelp = `miou echo: sends every client back what it sends, on every domain, until SIGINT or SIGTERM

  --host HOST      address or name to listen on (127.0.0.1)
  --port PORT      port, 0 for any that is free (3000)
  --domains N      threads that serve, this one included (one a processor: ${availableParallelism()})
  --json           lines of JSON instead of text
  --help           this

  On the first signal nobody new is accepted and the clients that are there are served to their end; a second one ends
  the process at once.`

const known = {
  host: { type: 'string', default: '127.0.0.1' },
  port: { type: 'string', default: '3000' },
  domains: { type: 'string', default: String(availableParallelism()) },
  json: { type: 'boolean', default: false },
} as const

/** Runs the echo server until a signal comes, and says what it served. */
export async function echo(args: string[]): Promise<void> {
  const given = options(() => parseArgs({ args, options: known }))
  const port = whole('port', given.port, 0, 65535)
  const domains = whole('domains', given.domains, 1, 1000)
  if (given.host === '') throw new UsageError('--host takes an address or a name')
  try {
    await Miou.run(() => served(given.host, port, given.json), { domains: domains - 1 })
    await interrupted()
  } catch (error) {
    throw new Error(explain(error, given.host, port))
  }
}

/** One clear line for what can go wrong. */
function explain(error: unknown, host: string, port: number): string {
  const { code, message } = error as NodeJS.ErrnoException
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port} of ${host} is in use: choose another one with --port`
    case 'EACCES':
      return `port ${port} needs more rights: choose one from 1024 on with --port`
    case 'EADDRNOTAVAIL':
      return `${host} is no address of this machine: choose another one with --host`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the name ${host} is not known: choose another one with --host`
    default:
      return message
  }
}

function* served(host: string, port: number, json: boolean): Generator<Miou.Suspension, void> {
  const [address] = yield* Unix.resolve(host)
  const state = newState()
  const listener = listen({ host: address!, port })
  onInterrupt(() => stop(state))

  const bound = Unix.address(listener) as { host: string; port: number }
  const others = new Array(Miou.Domain.available()).fill({ address: bound, state })
  const announced = Miou.async(function* () {
    if (yield* listening(state, others.length + 1)) announce(bound, json)
  })
  const give = [Unix.Ownership.resource(listener)]
  const here = Miou.async(() => serve(() => listener, state), { give, name: 'server' })
  const there = yield* Miou.parallel(serveAt, others)
  yield* announced
  const results = [yield* Miou.await(here), ...there]
  report(
    results.flatMap((result) => (result.ok ? [result.value] : [])),
    json,
  )
  for (const result of results) if (!result.ok) throw result.error
}

function announce({ host, port }: { host: string; port: number }, json: boolean): void {
  const domains = Miou.Domain.all().length
  if (json) {
    Miou.print(JSON.stringify({ event: 'listening', host, port, domains }))
    return
  }
  Miou.print(`echo listens on ${host} port ${port}, on ${counted(domains, 'domain')}`)
  Miou.print(`talk to it:  nc ${host} ${port}    stop it:  ^C (again: at once)`)
}

function report(servers: Served[], json: boolean): void {
  if (json) {
    Miou.print(JSON.stringify({ event: 'served', domains: servers }))
    return
  }
  for (const { domain, connections, bytes, failed } of servers) {
    const errors = failed > 0 ? `, ${failed} ended by an error` : ''
    Miou.print(`domain ${domain}: ${counted(connections, 'connection')}, ${counted(bytes, 'byte')}${errors}`)
  }
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
