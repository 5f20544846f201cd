import { PerformanceObserver } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { CALLS, words } from '../../dist/ring.js'

/*
 * An echo server of one domain that counts what it costs. Prints its port, and for each line on standard input the calls
 * into Rust, the bytes of heap and the collections of garbage up to then.
 */

let collections = 0
new PerformanceObserver((list) => {
  collections += list.getEntries().length
}).observe({ entryTypes: ['gc'] })

function* echo(client: Unix.FileDescr) {
  const buffer = new Uint8Array(4096)
  // One object for all messages: none of those that are counted is the server's own.
  const range = { len: 0 }
  for (;;) {
    range.len = yield* Unix.Ownership.read(client, buffer)
    if (range.len === 0) break
    yield* Unix.Ownership.write(client, buffer, range)
  }
  Unix.Ownership.close(client)
}

createInterface(process.stdin).on('line', () => {
  console.log(JSON.stringify({ calls: words[CALLS], heap: process.memoryUsage().heapUsed, collections }))
})

await Miou.run(
  function* () {
    const listener = Unix.Ownership.tcpv4()
    Unix.Ownership.bindAndListen(listener, { host: '127.0.0.1', port: 0 }, { backlog: 1024 })
    console.log((Unix.address(listener) as { port: number }).port)
    const clients = Miou.orphans<void>()
    for (;;) {
      for (let task = Miou.care(clients); task; task = Miou.care(clients)) yield* task
      const [client] = yield* Unix.Ownership.accept(listener)
      Miou.async(() => echo(client), { give: [Unix.Ownership.resource(client)], orphans: clients })
    }
  },
  { domains: 0 },
)
