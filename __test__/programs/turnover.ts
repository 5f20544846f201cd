import { readdirSync } from 'node:fs'
import * as Miou from 'miou'
import * as Unix from 'miou/unix'

/*
 * Accepts and closes connections, as many as the argument says after a quarter of them to warm up; prints what the process
 * holds before and after as JSON.
 */

const COUNT = Number(process.argv[2])
/** Tasks that accept, and tasks that connect. */
const TASKS = 16

const words = { made: 0, accepted: 0 }

function held() {
  for (let i = 0; i < 3; i++) globalThis.gc!()
  const { heapUsed, external, rss } = process.memoryUsage()
  return { descriptors: readdirSync('/proc/self/fd').length, heap: heapUsed + external, rss }
}

function* serve(listener: Unix.FileDescr) {
  for (;;) {
    const [connection] = yield* Unix.accept(listener)
    Unix.close(connection)
    words.accepted++
  }
}

function* connect(address: Unix.Address, until: number) {
  while (words.made < until) {
    words.made++
    const fd = Unix.tcpv4()
    // A reset leaves no connection behind that would linger in the system.
    yield* Unix.connect(fd, address, { linger: 0 })
    Unix.close(fd)
  }
}

function* turnover(address: Unix.Address, count: number) {
  const until = words.made + count
  const clients = Array.from({ length: TASKS }, () => Miou.async(() => connect(address, until)))
  for (const client of clients) yield* client
  while (words.accepted < words.made) yield* Unix.sleep(1)
}

await Miou.run(
  function* () {
    const listener = Unix.tcpv4()
    Unix.bindAndListen(listener, { host: '127.0.0.1', port: 0 })
    const servers = Array.from({ length: TASKS }, () => Miou.async(() => serve(listener)))
    const address = Unix.address(listener)
    yield* turnover(address, COUNT / 4)
    const before = held()
    yield* turnover(address, COUNT)
    console.log(JSON.stringify({ accepted: words.accepted, before, after: held() }))
    for (const server of servers) yield* Miou.cancel(server)
    Unix.close(listener)
  },
  { domains: 0 },
)
