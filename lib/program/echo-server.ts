import * as Miou from '../index.js'
import * as Unix from '../unix.js'
import { client, newServed, type Served } from './client.js'
import type { Limits } from './limits.js'
import { type Places, Room } from './room.js'

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
 * clients one of them lets 500 new ones in a second, sixteen let in 6 400.
 */
const ACCEPTORS = 16

/** Where to listen: at an address that domains of the process share, or on a listener that was opened for it. */
export type Place = { address: Unix.Address } | { listener: Unix.FileDescr }

/** Listens. The current task owns the listener. */
export function listen(place: Place): Unix.FileDescr {
  if ('listener' in place) {
    Miou.Ownership.own(Unix.Ownership.resource(place.listener))
    return place.listener
  }
  const { address } = place
  const listener = 'host' in address && address.host.includes(':') ? Unix.Ownership.tcpv6() : Unix.Ownership.tcpv4()
  Unix.Ownership.bindAndListen(listener, address, { backlog: BACKLOG })
  return listener
}

/** What the server of another domain is given. */
export interface Share {
  place: Place
  limits: Limits
  state: State
  places: Places
}

/** Listens on this domain too, and serves there. */
export const serveAt = Miou.portable(import.meta, function* serveAt({ place, limits, state, places }: Share): Generator<
  Miou.Suspension,
  Served
> {
  return yield* serve(() => listen(place), limits, state, places)
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
 * Serves the clients of a listener until it is to stop, then those that are there to their end, or until the time for that
 * is over. Where that fails, the servers of the other domains stop too, so that whoever waits for all of them hears of it.
 */
export function* serve(
  open: () => Unix.FileDescr,
  limits: Limits,
  state: State,
  places: Places,
): Generator<Miou.Suspension, Served> {
  try {
    const listener = open()
    const served = newServed()
    const give = [Unix.Ownership.resource(listener)]
    const serving = Miou.async(() => letIn(listener, limits, state, places, served), { give, name: 'door' })
    const deadline = Miou.async(function* () {
      yield* stopped(state)
      yield* Unix.sleep(limits.drain)
    })
    const first = yield* Miou.awaitFirst([serving, deadline])
    if (!first.ok) throw first.error
    return served
  } catch (error) {
    yield* stop(state)
    throw error
  }
}

function stopped(state: State): Generator<Miou.Suspension, void> {
  return until(() => Atomics.load(state, STOPPING) === 1)
}

/** Lets clients in until the server stops, and is over when all of them are. */
function* letIn(
  listener: Unix.FileDescr,
  limits: Limits,
  state: State,
  places: Places,
  served: Served,
): Generator<Miou.Suspension, void> {
  const stopping = Miou.async(() => stopped(state))
  const room = new Room(places, limits.connections)
  // Each takes a place while it waits for a client: no domain takes more than an even share of them so.
  const share = Math.ceil(limits.connections / Miou.Domain.all().length)
  const acceptors = Array.from({ length: Math.min(ACCEPTORS, share) }, () =>
    Miou.async(() => acceptor(listener, room, limits, served), { name: 'acceptor' }),
  )
  Atomics.add(state, LISTENING, 1)
  yield* tell()
  yield* Miou.awaitOne([stopping, ...acceptors])
  yield* letTheRestIn(room, served)
  Unix.Ownership.close(listener)
  yield* Miou.cancel(stopping)
  for (const result of yield* Miou.awaitAll(acceptors)) if (!result.ok) throw result.error
}

/** Waits while there are clients in the backlog: closing the listener would reset them. Others may come, not for ever. */
function* letTheRestIn(room: Room, served: Served): Generator<Miou.Suspension, void> {
  const most = served.connections + BACKLOG
  let before = -1
  while (served.connections > before && served.connections < most) {
    before = served.connections
    yield* room.vacancy()
    yield* Unix.sleep(1)
  }
}

/** Accepts clients, and serves them, until the listener is closed. */
function* acceptor(
  listener: Unix.FileDescr,
  room: Room,
  limits: Limits,
  served: Served,
): Generator<Miou.Suspension, void> {
  const clients = Miou.orphans<void>()
  for (;;) {
    for (let done = Miou.care(clients); done; done = Miou.care(clients)) yield* Miou.await(done)
    yield* room.enter()
    const fd = yield* accept(listener)
    if (fd === undefined) break
    served.connections++
    room.arrive()
    const resource = Unix.Ownership.resource(fd)
    Miou.Ownership.own(resource)
    const serving = function* () {
      try {
        yield* client(fd, limits, served)
      } finally {
        yield* room.depart()
      }
    }
    Miou.async(serving, { give: [resource], orphans: clients, name: 'client' })
  }
  // The next one that waits for a place finds the listener closed as well.
  yield* room.leave()
  yield* Miou.drain(clients)
}

/** The next client; nothing once the listener is closed. The task that owns the listener is not this one: several accept. */
function* accept(listener: Unix.FileDescr): Generator<Miou.Suspension, Unix.FileDescr | undefined> {
  try {
    const [fd] = yield* Unix.accept(listener)
    return fd
  } catch (error) {
    if (error instanceof Miou.Closed) return undefined
    throw error
  }
}
