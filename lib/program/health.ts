import * as Miou from '../index.js'
import * as Unix from '../unix.js'

/** Listens for the checks of a load balancer. */
export function listenForChecks(host: string, port: number): Unix.FileDescr {
  const listener = host.includes(':') ? Unix.tcpv6() : Unix.tcpv4()
  Unix.bindAndListen(listener, { host, port })
  return listener
}

/** Tells who checks that new clients are welcome, by accepting; until the listener is closed, which says the contrary. */
export function* answerChecks(listener: Unix.FileDescr): Generator<Miou.Suspension, void> {
  try {
    for (;;) Unix.close((yield* Unix.accept(listener))[0])
  } catch (error) {
    if (!(error instanceof Miou.Closed)) throw error
  }
}
