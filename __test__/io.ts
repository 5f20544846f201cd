import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { closing, connection, onOneDomain, settle } from './support/loopback.js'

/** Reads at most `most` bytes as text. */
function* text(fd: Unix.FileDescr, most: number): Generator<Miou.Suspension, string> {
  const buf = new Uint8Array(most)
  const count = yield* Unix.read(fd, buf)
  return Buffer.from(buf.subarray(0, count)).toString()
}

/** Cancels a task; whether it had not ended. On a slow machine it may have. */
function* inTime(task: Miou.Task<unknown>): Generator<Miou.Suspension, boolean> {
  yield* Miou.cancel(task)
  return task.state !== 'finished'
}

onOneDomain(
  'what a read got that is cancelled before its round is over goes to the next read, in order',
  function* (t) {
    const [client, server] = yield* connection()
    for (;;) {
      yield* Unix.write(client, 'abcdefgh')
      yield* settle()
      const reader = Miou.async(() => text(server, 4))
      // It asks for bytes; nothing has crossed into the core when this task runs on.
      yield* Miou.yield()
      if (yield* inTime(reader)) break
      yield* text(server, 4)
    }
    t.is(yield* text(server, 4), 'abcd')
    t.is(yield* text(server, 4), 'efgh')
    closing(client, server)
  },
)

onOneDomain('a connection that was accepted for nobody goes to the next accept, in order', function* (t) {
  const listener = Unix.tcpv4()
  Unix.bindAndListen(listener, { host: '127.0.0.1', port: 0 })
  const clients: Unix.FileDescr[] = []
  for (;;) {
    for (let i = 0; i < 2; i++) {
      const client = Unix.tcpv4()
      yield* Unix.connect(client, Unix.address(listener))
      clients.push(client)
    }
    yield* settle()
    const accepting = Miou.async(() => Unix.accept(listener))
    yield* Miou.yield()
    if (yield* inTime(accepting)) break
    const [other] = yield* Unix.accept(listener)
    closing(other, ...clients.splice(0))
  }
  const servers: Unix.FileDescr[] = []
  for (const client of clients) {
    const [server, peer] = yield* Unix.accept(listener)
    t.deepEqual(peer, Unix.address(client))
    servers.push(server)
  }
  closing(listener, ...clients, ...servers)
})

onOneDomain('bytes that go back to several who wait reach each of them, and so does what came after', function* (t) {
  const [client, server] = yield* connection()
  const [other, end] = yield* connection()
  const got: string[] = []
  let greed = ''
  const greedy = Miou.async(function* () {
    greed = yield* text(server, 64)
  })
  const modest = Array.from({ length: 8 }, () =>
    Miou.async(function* () {
      got.push(yield* text(server, 2))
    }),
  )
  const elsewhere = Miou.async(() => text(end, 8))
  yield* settle()
  yield* Unix.write(client, '0011223344556677')
  yield* Unix.write(other, 'and more')
  // The greedy one has all of it and is cancelled before it runs; on a slow machine it may have run.
  if (!(yield* inTime(greedy))) yield* Unix.write(client, greed)
  yield* Miou.awaitAll(modest)
  t.deepEqual(got, ['00', '11', '22', '33', '44', '55', '66', '77'])
  t.is(yield* Miou.awaitExn(elsewhere), 'and more')
  closing(client, server, other, end)
})
