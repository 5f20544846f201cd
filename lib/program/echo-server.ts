import * as Miou from '../index.js'
import * as Unix from '../unix.js'

/** What one domain served. */
export interface Served {
  domain: number
  connections: number
  bytes: number
  /** Connections that an error ended: a reset, say. */
  failed: number
}

/** Made by name, so that every domain has the same ones. The condition tells of changes of the words of a `State`. */
const changed = Miou.Condition.create('miou echo: changed')
const guard = Miou.Mutex.create('miou echo: changed')

/** What the servers of all domains share: whether they are to stop, and how many of them listen. */
export type State = Int32Array
const STOPPING = 0
const LISTENING = 1

/** Nobody listens yet. */
export function newState(): State {
  return new Int32Array(new SharedArrayBuffer(8))
}

/** Connections that may wait to be accepted, as far as the system allows: a thousand may come at the same moment. */
const BACKLOG = 4096

/**
 * Tasks that accept on one listener. Each has its turn as often as each client that is served: under full load of 500
 * clients one of them lets 500 new ones in a second, sixteen let in 6 000.
 */
const ACCEPTORS = 16

type Address = { host: string; port: number }

/** Listens on an address that other domains of the process may share. The current task owns the listener. */
export function listen(address: Address): Unix.FileDescr {
  const listener = address.host.includes(':') ? Unix.Ownership.tcpv6() : Unix.Ownership.tcpv4()
  Unix.Ownership.bindAndListen(listener, address, { backlog: BACKLOG })
  return listener
}

/** Binds the address on this domain too, and serves there. */
export const serveAt = Miou.portable(import.meta, function* serveAt(at: { address: Address; state: State }): Generator<
  Miou.Suspension,
  Served
> {
  return yield* serve(() => listen(at.address), at.state)
})

/** Has all servers stop. */
export function* stop(state: State): Generator<Miou.Suspension, void> {
  Atomics.store(state, STOPPING, 1)
  yield* tell()
}

/** Returns once `count` servers listen: true; or all are to stop: false. */
export function* listening(state: State, count: number): Generator<Miou.Suspension, boolean> {
  yield* until(() => Atomics.load(state, STOPPING) === 1 || Atomics.load(state, LISTENING) === count)
  return Atomics.load(state, STOPPING) === 0
}

/** Has everybody look at the words of a `State`. */
function* tell(): Generator<Miou.Suspension, void> {
  using _ = yield* Miou.Mutex.lock(guard)
  Miou.Condition.broadcast(changed)
}

/** A wait on a condition goes with a predicate that is looked at under its mutex, or a signal before it is lost. */
function* until(holds: () => boolean): Generator<Miou.Suspension, void> {
  using _ = yield* Miou.Mutex.lock(guard)
  while (!holds()) yield* Miou.Condition.wait(changed, guard)
}

/**
 * Serves the clients of a listener until it is to stop, then those that are there to their end. Where that fails, the
 * servers of the other domains stop too, so that whoever waits for all of them hears of it.
 */
export function* serve(open: () => Unix.FileDescr, state: State): Generator<Miou.Suspension, Served> {
  try {
    const listener = open()
    const served: Served = { domain: Miou.Domain.self(), connections: 0, bytes: 0, failed: 0 }
    const stopped = Miou.async(() => until(() => Atomics.load(state, STOPPING) === 1))
    const acceptors = Array.from({ length: ACCEPTORS }, () =>
      Miou.async(() => acceptor(listener, served), { name: 'acceptor' }),
    )
    Atomics.add(state, LISTENING, 1)
    yield* tell()
    yield* Miou.awaitOne([stopped, ...acceptors])
    yield* letTheRestIn(served)
    Unix.Ownership.close(listener)
    yield* Miou.cancel(stopped)
    for (const result of yield* Miou.awaitAll(acceptors)) if (!result.ok) throw result.error
    return served
  } catch (error) {
    yield* stop(state)
    throw error
  }
}

/** Waits while there are clients in the backlog: closing the listener would reset them. Others may come, not for ever. */
function* letTheRestIn(served: Served): Generator<Miou.Suspension, void> {
  const most = served.connections + BACKLOG
  let before = -1
  while (served.connections > before && served.connections < most) {
    before = served.connections
    yield* Unix.sleep(1)
  }
}

/** Accepts clients, and serves them, until the listener is closed. */
function* acceptor(listener: Unix.FileDescr, served: Served): Generator<Miou.Suspension, void> {
  const clients = Miou.orphans<void>()
  for (;;) {
    for (let done = Miou.care(clients); done; done = Miou.care(clients)) count(served, yield* Miou.await(done))
    const client = yield* accept(listener)
    if (client === undefined) break
    served.connections++
    const resource = Unix.Ownership.resource(client)
    Miou.Ownership.own(resource)
    Miou.async(() => echo(client, served), { give: [resource], orphans: clients, name: 'client' })
  }
  for (const result of yield* Miou.drain(clients)) count(served, result)
}

/** The next client; nothing once the listener is closed. The task that owns the listener is not this one: several accept. */
function* accept(listener: Unix.FileDescr): Generator<Miou.Suspension, Unix.FileDescr | undefined> {
  try {
    const [client] = yield* Unix.accept(listener)
    return client
  } catch (error) {
    if (error instanceof Miou.Closed) return undefined
    throw error
  }
}

function count(served: Served, result: Miou.Result<void>): void {
  if (!result.ok) served.failed++
}

/** Sends a client back what it sends. */
function* echo(client: Unix.FileDescr, served: Served): Generator<Miou.Suspension, void> {
  const buffer = Buffer.allocUnsafe(16 << 10)
  for (;;) {
    const length = yield* Unix.Ownership.read(client, buffer)
    if (length === 0) break
    yield* Unix.Ownership.write(client, buffer, { len: length })
    served.bytes += length
  }
  Unix.Ownership.close(client)
}
