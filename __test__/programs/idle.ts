import { readFileSync } from 'node:fs'
import * as Miou from 'miou'
import * as Unix from 'miou/unix'

/*
 * Prints a port, accepts as many connections as the argument says, answers one byte on each and lets them be idle; then
 * prints what each of them takes, in bytes.
 */

const COUNT = Number(process.argv[2])

function memory() {
  for (let i = 0; i < 3; i++) globalThis.gc!()
  const rss = Number(/Rss:\s+(\d+)/.exec(readFileSync('/proc/self/smaps_rollup', 'utf8'))![1]) * 1024
  const { heapUsed, external } = process.memoryUsage()
  return { rss, heap: heapUsed + external }
}

await Miou.run(
  function* () {
    const listener = Unix.tcpv4()
    Unix.bindAndListen(listener, { host: '127.0.0.1', port: 0 }, { backlog: 4096 })
    const before = memory()
    console.log((Unix.address(listener) as { port: number }).port)
    let idle = 0
    function* echo(fd: Unix.FileDescr) {
      for (let view = yield* Unix.readView(fd); view.length > 0; view = yield* Unix.readView(fd)) {
        yield* Unix.write(fd, view)
        idle++
      }
      Unix.close(fd)
    }
    const clients: Miou.Task<void>[] = []
    for (let i = 0; i < COUNT; i++) {
      const [fd] = yield* Unix.accept(listener)
      clients.push(Miou.async(() => echo(fd)))
    }
    while (idle < COUNT) yield* Unix.sleep(5)
    const after = memory()
    const each = (name: 'rss' | 'heap') => Math.round((after[name] - before[name]) / COUNT)
    console.log(JSON.stringify({ connections: COUNT, rss: each('rss'), heap: each('heap') }))
    for (const client of clients) yield* client
    Unix.close(listener)
  },
  { domains: 0 },
)
