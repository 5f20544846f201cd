import { closeSync, openSync } from 'node:fs'
import net from 'node:net'
import { pathToFileURL } from 'node:url'
import * as Miou from 'miou'
import * as Unix from 'miou/unix'

/*
 * An accept loop in a process that runs out of descriptors. Prints two lines: how it waits, and how it goes on when half
 * a second later some are closed, a few at a time, as the first argument says: on this domain, on another one, or by Node.
 */

const rounds = 12
const each = 5
const spare = rounds * each

/** Holds descriptors on another domain, and closes as many as word 0 says. */
export const hold = Miou.portable(import.meta, function* hold(words: Int32Array) {
  const held = Array.from({ length: spare }, () => Unix.tcpv4())
  Atomics.store(words, 1, 1)
  for (let closed = 0; closed < spare; closed++) {
    while (Atomics.load(words, 0) <= closed) yield* Unix.sleep(5)
    Unix.close(held[closed]!)
  }
})

/** How many descriptors the process may still open. */
function free(): number {
  const files: number[] = []
  try {
    for (;;) files.push(openSync('/dev/null', 'r'))
  } catch {
    for (const file of files) closeSync(file)
  }
  return files.length
}

function* accepting(how: string) {
  const words = new Int32Array(new SharedArrayBuffer(8))
  const holder = how === 'there' ? Miou.call(hold, [words]) : undefined
  while (holder !== undefined && Atomics.load(words, 1) === 0) yield* Unix.sleep(1)
  const ours = how === 'here' ? Array.from({ length: spare }, () => Unix.tcpv4()) : []
  const files = how === 'node' ? Array.from({ length: spare }, () => openSync('/dev/null', 'r')) : []

  const listener = Unix.tcpv4()
  Unix.bindAndListen(listener, { host: '127.0.0.1', port: 0 })
  const { port } = Unix.address(listener) as { port: number }
  const accepted: Unix.FileDescr[] = []
  const server = Miou.async(function* () {
    for (;;) accepted.push((yield* Unix.accept(listener))[0])
  })
  // The clients are sockets of Node's own. They leave descriptors for a few of the connections; all of them fit once the
  // spare ones are closed.
  const fill = Array.from({ length: free() - spare + 4 }, () => openSync('/dev/null', 'r'))
  const clients = Array.from({ length: spare - 8 }, () => net.connect(port, '127.0.0.1'))
  yield* Unix.sleep(100)

  const began = performance.now()
  const cpu = process.cpuUsage()
  yield* Unix.sleep(500)
  const { user, system } = process.cpuUsage(cpu)
  const line = {
    clients: clients.length,
    accepted: accepted.length,
    ms: performance.now() - began,
    cpu: (user + system) / 1000,
  }
  console.log(JSON.stringify(line))

  const freed = performance.now()
  const took: number[] = []
  for (let round = 0; round < rounds; round++) {
    const start = performance.now()
    const wanted = Math.min(clients.length, accepted.length + each)
    for (const fd of ours.splice(0, each)) Unix.close(fd)
    for (const file of files.splice(0, each)) closeSync(file)
    Atomics.add(words, 0, each)
    while (accepted.length < wanted && performance.now() - freed < 60_000) yield* Miou.yield()
    took.push(performance.now() - start)
  }
  took.sort((a, b) => a - b)
  console.log(JSON.stringify({ accepted: accepted.length, ms: took[1] }))

  yield* Miou.cancel(server)
  if (holder !== undefined) yield* holder
  for (const fd of [listener, ...accepted]) Unix.close(fd)
  for (const client of clients) client.destroy()
  for (const file of fill) closeSync(file)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const how = process.argv[2] ?? 'here'
  await Miou.run(() => accepting(how), { domains: how === 'there' ? 1 : 0 })
}
