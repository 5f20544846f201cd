// Echo as a reader of the guide would write it: owned descriptors, a buffer of its own, read and write in a loop.
//
//   node miou.mjs 7000                one domain
//   node miou.mjs --servers 2 7000    two: one server here, the other on a domain of its own
import { parseArgs } from 'node:util'
import * as Miou from '../../dist/index.js'
import * as Unix from '../../dist/unix.js'

const BUFFER = 16 * 1024

/** Serves one client to its end. The descriptor was given to this task: whatever happens, it ends with it. */
function* echo(fd) {
  const buffer = Buffer.allocUnsafe(BUFFER)
  for (;;) {
    const length = yield* Unix.Ownership.read(fd, buffer)
    if (length === 0) break
    yield* Unix.Ownership.write(fd, buffer, { len: length })
  }
  Unix.Ownership.close(fd)
}

/** Collects the clients that have ended. One that reset its connection has ended its own task alone. */
function* clean(orphans) {
  for (let client = Miou.care(orphans); client; client = Miou.care(orphans)) {
    const result = yield* Miou.await(client)
    if (!result.ok && result.error.code !== 'ECONNRESET') console.error(result.error)
  }
}

function* serve(listener) {
  const orphans = Miou.orphans()
  for (;;) {
    yield* clean(orphans)
    const [fd] = yield* Unix.Ownership.accept(listener)
    Miou.async(() => echo(fd), { give: [Unix.Ownership.resource(fd)], orphans })
  }
}

function listen(port) {
  const listener = Unix.Ownership.tcpv4()
  Unix.Ownership.bindAndListen(listener, { host: '127.0.0.1', port }, { backlog: 4096, noDelay: true })
  return listener
}

/** A server on another domain, at the same port. */
const remote = Miou.portable(import.meta, function* remote(port) {
  const listener = listen(port)
  Miou.print(`listening ${port}`)
  yield* serve(listener)
})

/** Serves here, and on so many other domains. */
export function* local(port, others) {
  const listener = listen(port)
  const chosen = Unix.address(listener).port
  if (others === 0) Miou.print(`listening ${chosen}`)
  const there = Miou.async(() => Miou.parallel(remote, Array(others).fill(chosen)))
  yield* serve(listener)
  yield* there
}

const { values, positionals } = parseArgs({
  options: { servers: { type: 'string', default: '1' } },
  allowPositionals: true,
})
const others = Number(values.servers) - 1
await Miou.main(import.meta, () => local(Number(positionals[0] ?? 0), others), { domains: others })
