import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import * as Miou from '../index.js'
import * as Unix from '../unix.js'
import { listen, type Served, serve, serveAt, wakeAll } from './echo-server.js'
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
  const stopping = new Int32Array(new SharedArrayBuffer(4))
  const listener = listen({ host: address!, port })
  const bound = Unix.address(listener) as { host: string; port: number }
  for (const name of ['SIGINT', 'SIGTERM'] as const) Unix.sysSignal(name, () => stop(stopping))
  announce(bound, json)

  const place = { address: bound, stopping }
  const here = Miou.async(() => serve(() => listener, stopping), {
    give: [Unix.Ownership.resource(listener)],
    name: 'server',
  })
  const there = yield* Miou.parallel(serveAt, new Array(Miou.Domain.available()).fill(place))
  const results = [yield* Miou.await(here), ...there]
  report(
    results.flatMap((result) => (result.ok ? [result.value] : [])),
    json,
  )
  for (const result of results) if (!result.ok) throw result.error
}

/** The first signal tells every server; the second ends the process, as the shell counts an interrupt. */
function* stop(stopping: Int32Array): Generator<Miou.Suspension, void> {
  if (Atomics.exchange(stopping, 0, 1) === 1) process.exit(130)
  yield* wakeAll()
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
