import { closeSync, openSync } from 'node:fs'
import * as Miou from 'miou'
import * as Unix from 'miou/unix'

/*
 * Clients come one by one to a server that is out of descriptors. Prints how many there were, and for how many
 * milliseconds the server was without; then serves them.
 */

const CLIENTS = 40

await Miou.run(
  function* () {
    const listener = Unix.tcpv4()
    Unix.bindAndListen(listener, { host: '127.0.0.1', port: 0 })
    const clients = Array.from({ length: CLIENTS }, () => Unix.tcpv4())
    const accepting = Miou.async(function* () {
      for (let i = 0; i < CLIENTS; i++) Unix.close((yield* Unix.accept(listener))[0])
    })
    // The accept waits by now, for an event.
    yield* Unix.sleep(20)
    const fill: number[] = []
    try {
      for (;;) fill.push(openSync('/dev/null', 'r'))
    } catch {
      // None is left.
    }
    const began = performance.now()
    for (const client of clients) {
      yield* Unix.connect(client, Unix.address(listener))
      yield* Unix.sleep(2)
    }
    yield* Unix.sleep(1000)
    const ms = performance.now() - began
    for (const file of fill) closeSync(file)
    yield* accepting
    console.log(JSON.stringify({ clients: CLIENTS, ms }))
    for (const fd of [listener, ...clients]) Unix.close(fd)
  },
  { domains: 0 },
)
