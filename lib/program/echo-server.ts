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

/** Made by name, so that every domain has the same ones. */
const stop = Miou.Condition.create('miou echo: stop')
const guard = Miou.Mutex.create('miou echo: stop')

/** Connections that may wait in the backlog when the server stops: these are served as well. */
const BACKLOG = 511

/** Binds the address on this domain too, and serves there. */
export const serveAt = Miou.portable(import.meta, function* serveAt(at: {
  address: { host: string; port: number }
  stopping: Int32Array
}): Generator<Miou.Suspension, Served> {
  try {
    const listener = at.address.host.includes(':') ? Unix.Ownership.tcpv6() : Unix.Ownership.tcpv4()
    Unix.Ownership.bindAndListen(listener, at.address)
    return yield* serve(listener, at.stopping)
  } catch (error) {
    // Without this domain the others stop too, so that whoever waits for all of them hears of it.
    Atomics.store(at.stopping, 0, 1)
    yield* wakeAll()
    throw error
  }
})

/** Tells the servers of all domains that the word says whether they are to stop. */
export function* wakeAll(): Generator<Miou.Suspension, void> {
  using _ = yield* Miou.Mutex.lock(guard)
  Miou.Condition.broadcast(stop)
}

/** Serves clients until it is to stop, then those that are there to their end. */
export function* serve(listener: Unix.FileDescr, stopping: Int32Array): Generator<Miou.Suspension, Served> {
  const served: Served = { domain: Miou.Domain.self(), connections: 0, bytes: 0, failed: 0 }
  const clients = Miou.orphans<number>()

  function start(client: Unix.FileDescr): void {
    served.connections++
    Miou.async(() => echo(client, served), { give: [Unix.Ownership.resource(client)], orphans: clients, name: 'client' })
  }

  for (;;) {
    for (let done = Miou.care(clients); done; done = Miou.care(clients)) count(served, yield* Miou.await(done))
    const client = yield* acceptOrStop(listener, stopping)
    if (client === undefined) break
    start(client)
  }
  for (let i = 0; i < BACKLOG; i++) {
    const client = yield* acceptNow(listener)
    if (client === undefined) break
    start(client)
  }
  Unix.Ownership.close(listener)
  for (const result of yield* Miou.drain(clients)) count(served, result)
  return served
}

function count(served: Served, result: Miou.Result<number>): void {
  if (!result.ok) served.failed++
}

/** Sends a client back what it sends. */
function* echo(client: Unix.FileDescr, served: Served): Generator<Miou.Suspension, number> {
  const buffer = Buffer.allocUnsafe(16 << 10)
  let bytes = 0
  for (;;) {
    const length = yield* Unix.Ownership.read(client, buffer)
    if (length === 0) break
    yield* Unix.Ownership.write(client, buffer, { len: length })
    bytes += length
    served.bytes += length
  }
  Unix.Ownership.close(client)
  return bytes
}

/** The next client, or nothing once the server is to stop. The listener comes back from the task either way. */
function* acceptOrStop(listener: Unix.FileDescr, stopping: Int32Array): Generator<Miou.Suspension, Unix.FileDescr | undefined> {
  const resource = Unix.Ownership.resource(listener)
  const accepting = Miou.async(() => accept(listener), { give: [resource] })
  const stopped = Miou.async(() => stops(stopping))
  yield* Miou.awaitFirst([accepting, stopped])
  // Where both have ended, the client is there, whoever won.
  const accepted = yield* Miou.await(accepting)
  if (accepted.ok) return accepted.value
  if (accepted.error instanceof Miou.Cancelled) return undefined
  throw accepted.error
}

function* accept(listener: Unix.FileDescr): Generator<Miou.Suspension, Unix.FileDescr> {
  try {
    const [client] = yield* Unix.Ownership.accept(listener)
    yield* Miou.Ownership.transfer(Unix.Ownership.resource(client))
    return client
  } finally {
    yield* Miou.Ownership.transfer(Unix.Ownership.resource(listener))
  }
}

/** Returns once the server is to stop: a wait on a condition goes with a predicate, or a signal between two waits is lost. */
function* stops(stopping: Int32Array): Generator<Miou.Suspension, void> {
  using _ = yield* Miou.Mutex.lock(guard)
  while (Atomics.load(stopping, 0) === 0) yield* Miou.Condition.wait(stop, guard)
}

/** A client that waits in the backlog by now: closing the listener would reset it. */
function* acceptNow(listener: Unix.FileDescr): Generator<Miou.Suspension, Unix.FileDescr | undefined> {
  const resource = Unix.Ownership.resource(listener)
  const accepting = Miou.async(() => accept(listener), { give: [resource] })
  const later = Miou.async(() => Unix.sleep(0))
  yield* Miou.awaitFirst([accepting, later])
  const accepted = yield* Miou.await(accepting)
  return accepted.ok ? accepted.value : undefined
}
