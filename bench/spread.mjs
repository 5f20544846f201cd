// Servers whose clients learn which domain they are on, for how evenly connections are spread.

import * as Miou from '../dist/index.js'
import * as Unix from '../dist/unix.js'

const loopback = (port) => ({ host: '127.0.0.1', port })
const BACKLOG = 4096

/** Tells a client the number of its domain, and waits until it leaves. */
export const stay = Miou.portable(import.meta, function* stay(client) {
  yield* Unix.write(client, Uint8Array.of(Miou.Domain.self()))
  yield* Unix.read(client, new Uint8Array(1))
  Unix.close(client)
})

/** Serves all who come on a listener. */
function* serve(listener) {
  const clients = Miou.orphans()
  for (;;) {
    const [client] = yield* Unix.accept(listener)
    for (let done = Miou.care(clients); done; done = Miou.care(clients)) yield* Miou.await(done)
    Miou.async(() => stay(client), { orphans: clients })
  }
}

/** A listener that shares the port with those of the other domains. */
export const own = Miou.portable(import.meta, function* own(port) {
  const listener = Unix.tcpv4()
  Unix.bindAndListen(listener, loopback(port), { backlog: BACKLOG })
  yield* serve(listener)
})

/** A listener that is the same on all domains. */
export const shared = Miou.portable(import.meta, function* shared(listener) {
  yield* serve(listener)
})

/** A listener of domain 0, which is given away. */
export function listen() {
  const listener = Unix.tcpv4()
  Unix.bindAndListen(listener, loopback(0), { backlog: BACKLOG })
  return { listener, port: Unix.address(listener).port }
}

/** Accepts everybody, and gives each to the domain that has the fewest. */
export function* fewest(listener) {
  const clients = Miou.orphans()
  const load = new Map(
    Miou.Domain.all()
      .slice(1)
      .map((domain) => [domain, 0]),
  )
  for (;;) {
    const [client] = yield* Unix.accept(listener)
    for (let done = Miou.care(clients); done; done = Miou.care(clients)) {
      load.set(done.domain, load.get(done.domain) - 1)
      yield* Miou.await(done)
    }
    const [pin, count] = [...load].reduce((least, next) => (next[1] < least[1] ? next : least))
    load.set(pin, count + 1)
    Miou.call(stay, [client], { pin, orphans: clients })
  }
}
