// Echo the leanest way that the API offers: plain descriptors, and what was read is lent, not copied to a buffer.
//
//   node miou-view.mjs 7000                one domain
//   node miou-view.mjs --servers 2 7000    two
import { parseArgs } from 'node:util'
import * as Miou from '../../dist/index.js'
import * as Unix from '../../dist/unix.js'

function* echo(fd) {
  try {
    for (;;) {
      const bytes = yield* Unix.readView(fd)
      if (bytes.length === 0) break
      yield* Unix.write(fd, bytes)
    }
  } finally {
    Unix.close(fd)
  }
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
    const [fd] = yield* Unix.accept(listener)
    Miou.async(() => echo(fd), { orphans })
  }
}

function listen(port) {
  const listener = Unix.tcpv4()
  Unix.bindAndListen(listener, { host: '127.0.0.1', port }, { backlog: 4096, noDelay: true })
  return listener
}

/** A server on another domain, at the same port. */
const remote = Miou.portable(import.meta, function* remote(port) {
  const listener = listen(port)
  Miou.print(`listening ${port}`)
  yield* serve(listener)
})

/** Serves here, and on so many other domains. */
function* local(port, others) {
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
