import { parseArgs } from 'node:util'
import * as Miou from '../index.js'
import { extraDomains } from '../run.js'
import * as Unix from '../unix.js'
import type { Served } from './client.js'
import { listen, listening, newState, type Place, serve, serveAt, stop } from './echo-server.js'
import { answerChecks, listenForChecks } from './health.js'
import { interrupted, onInterrupt } from './interrupt.js'
import type { Limits } from './limits.js'
import { newPlaces } from './room.js'
import { milliseconds, options, UsageError, whole } from './usage.js'

export const echoHelp = `miou echo: sends every client back what it sends, on every domain, until SIGINT or SIGTERM

  --host HOST      address or name to listen on (127.0.0.1)
  --port PORT      port, 0 for any that is free (3000)
  --domains N      threads that serve, this one included (${extraDomains() + 1}: MIOU_DOMAINS and one, or one a processor)

  --max-connections N   clients at a time, on all domains together; more wait to be accepted (no limit)
  --idle-timeout MS     ends a connection that is silent for so long (no limit)
  --total-timeout MS    ends a connection that lasts longer (no limit)
  --drain MS            how long clients may go on once a signal has come (to their end)
  --health-port PORT    another port, which accepts for as long as new clients are welcome (none)
  --grace MS            how long they are let in though a signal has come, which the health port tells (0)
  --proxy-protocol      every connection begins with a header of the PROXY protocol, version 1 or 2, or is ended

  --json           lines of JSON instead of text
  --help           this

  On the first signal nobody new is accepted and the clients that are there are served to their end; a second one ends
  the process at once. A listener that systemd hands over (LISTEN_FDS) takes the place of host and port.`

const known = {
  host: { type: 'string', default: '127.0.0.1' },
  port: { type: 'string', default: '3000' },
  domains: { type: 'string', default: String(extraDomains() + 1) },
  'max-connections': { type: 'string' },
  'idle-timeout': { type: 'string' },
  'total-timeout': { type: 'string' },
  drain: { type: 'string' },
  'health-port': { type: 'string' },
  grace: { type: 'string', default: '0' },
  'proxy-protocol': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const

/** What the arguments ask for. */
interface Settings {
  host: string
  port: number
  domains: number
  json: boolean
  /** Undefined where there is none. */
  healthPort: number | undefined
  /** Milliseconds. */
  grace: number
  limits: Limits
}

/** Runs the echo server until a signal comes, and says what it served. */
export async function echo(args: string[]): Promise<void> {
  const settings = settingsOf(args)
  try {
    await Miou.run(() => served(settings), { domains: settings.domains - 1 })
    await interrupted()
  } catch (error) {
    throw new Error(explain(error, settings))
  }
}

function settingsOf(args: string[]): Settings {
  const given = options(() => parseArgs({ args, options: known }))
  const { host, json } = given
  if (host === '') throw new UsageError('--host takes an address or a name')
  const most = given['max-connections']
  const connections = most === undefined ? Number.POSITIVE_INFINITY : whole('max-connections', most, 1, 1_000_000_000)
  const limits = {
    connections,
    idle: milliseconds('idle-timeout', given['idle-timeout'], 1),
    total: milliseconds('total-timeout', given['total-timeout'], 1),
    drain: milliseconds('drain', given.drain, 0),
    proxy: given['proxy-protocol'],
  }
  const health = given['health-port']
  return {
    host,
    port: whole('port', given.port, 0, 65535),
    domains: whole('domains', given.domains, 1, 1000),
    json,
    healthPort: health === undefined ? undefined : whole('health-port', health, 1, 65535),
    grace: milliseconds('grace', given.grace, 0),
    limits,
  }
}

/** One clear line for what can go wrong. */
function explain(error: unknown, { host, port: asked }: Settings): string {
  const { code, message, port = asked } = error as Unix.SystemError
  const option = port === asked ? '--port' : '--health-port'
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port} of ${host} is in use: choose another one with ${option}`
    case 'EACCES':
      return `port ${port} needs more rights: choose one from 1024 on with ${option}`
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
      return `${host} is no address of this machine: choose another one with --host`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the name ${host} is not known: choose another one with --host`
    default:
      return message
  }
}

function* served(settings: Settings): Generator<Miou.Suspension, void> {
  const { port, json, healthPort, grace, limits } = settings
  const state = newState()
  const [host] = yield* Unix.resolve(settings.host)
  const handed = inherited()
  const listener = handed ?? listen({ address: { host: host!, port } })
  const address = Unix.address(listener)
  using health = healthPort === undefined ? null : listenForChecks(host!, healthPort)
  const checks = health === null ? null : Miou.async(() => answerChecks(health), { name: 'health' })
  onInterrupt(function* () {
    if (health !== null) Unix.close(health)
    yield* Unix.sleep(grace)
    yield* stop(state)
  })

  const domains = Miou.Domain.available() + 1
  // With a limit there is one backlog, so that a place that one domain waits to fill is no other client's loss.
  const one = handed !== undefined || limits.connections !== Number.POSITIVE_INFINITY
  const places = newPlaces(limits.connections)
  const others = Array.from({ length: domains - 1 }, () => {
    const place: Place = one ? { listener: Unix.duplicate(listener) } : { address }
    return { place, limits, state, places }
  })
  const announced = Miou.async(function* () {
    if (yield* listening(state, domains)) announce(address, json)
  })
  const give = [Unix.Ownership.resource(listener)]
  const here = Miou.async(() => serve(() => listener, limits, state, places), { give, name: 'server' })
  const there = yield* Miou.parallel(serveAt, others)
  yield* announced
  const results = [yield* Miou.await(here), ...there]
  if (checks !== null) yield* Miou.cancel(checks)
  report(
    results.flatMap((result) => (result.ok ? [result.value] : [])),
    json,
  )
  for (const result of results) if (!result.ok) throw result.error
}

/** The listener that a service manager hands over, where there is one. */
function inherited(): Unix.FileDescr | undefined {
  const [listener, ...more] = Unix.Ownership.inherited()
  if (more.length > 0) throw new Error(`LISTEN_FDS: one listener is served, not ${more.length + 1}`)
  return listener
}

function announce(at: Unix.Address, json: boolean): void {
  const domains = Miou.Domain.all().length
  if (json) {
    Miou.print(JSON.stringify({ event: 'listening', ...at, domains }))
    return
  }
  const [where, how] =
    'path' in at ? [at.path, `-U ${at.path}`] : [`${at.host} port ${at.port}`, `${at.host} ${at.port}`]
  Miou.print(`echo listens on ${where}, on ${counted(domains, 'domain')}`)
  Miou.print(`talk to it:  nc ${how}    stop it:  ^C (again: at once)`)
}

function report(servers: Served[], json: boolean): void {
  if (json) {
    Miou.print(JSON.stringify({ event: 'served', domains: servers }))
    return
  }
  for (const { domain, connections, bytes, failed, expired, cut } of servers) {
    const ends = [
      failed > 0 ? `, ${failed} ended by an error` : '',
      expired > 0 ? `, ${expired} by a time limit` : '',
      cut > 0 ? `, ${cut} cut off at the end` : '',
    ]
    Miou.print(`domain ${domain}: ${counted(connections, 'connection')}, ${counted(bytes, 'byte')}${ends.join('')}`)
  }
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
