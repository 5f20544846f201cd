import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { closing, connection, failsWith, onOneDomain, readAll, settle } from '../support/loopback.js'
import { refuses } from '../support/refusal.js'

onOneDomain('half-closed, a connection goes on in the other direction, either way', function* (t) {
  for (const [first, second] of [
    [0, 1],
    [1, 0],
  ] as const) {
    const ends = yield* connection()
    const [quiet, talking] = [ends[first], ends[second]]
    yield* Unix.write(quiet, 'done')
    Unix.shutdown(quiet, 'write')
    t.is((yield* readAll(talking)).toString(), 'done')
    for (let i = 0; i < 3; i++) {
      yield* Unix.write(talking, 'more')
      t.is(yield* Unix.read(quiet, Buffer.alloc(9)), 4)
    }
    Unix.shutdown(talking, 'write')
    t.is(yield* Unix.read(quiet, Buffer.alloc(9)), 0)
    closing(quiet, talking)
  }
})

onOneDomain('after shutdown of reading, a waiting read ends, and so does every later one', function* (t) {
  const [client, server] = yield* connection()
  const reading = Miou.async(() => Unix.read(server, Buffer.alloc(1)))
  yield* settle()
  Unix.shutdown(server, 'read')
  t.is(yield* reading, 0)
  t.is(yield* Unix.read(server, Buffer.alloc(1)), 0)
  yield* Unix.write(server, 'out')
  t.is(yield* Unix.read(client, Buffer.alloc(9)), 3)
  closing(client, server)
})

onOneDomain('both is the default', function* (t) {
  const [client, server] = yield* connection()
  Unix.shutdown(client)
  t.is(yield* Unix.read(client, Buffer.alloc(1)), 0)
  yield* failsWith(t, () => Unix.write(client, 'x'), 'EPIPE')
  t.is(yield* Unix.read(server, Buffer.alloc(1)), 0)
  closing(client, server)
})

onOneDomain('what a task has just written is written before the shutdown', function* (t) {
  const [client, server] = yield* connection()
  const writing = Miou.async(() => Unix.write(client, 'first'))
  yield* Miou.yield()
  Unix.shutdown(client, 'write')
  yield* writing
  t.is((yield* readAll(server)).toString(), 'first')
  closing(client, server)
})

onOneDomain('only what is connected is shut down', function* (t) {
  const fd = Unix.tcpv4()
  const error = t.throws<Unix.SystemError>(() => Unix.shutdown(fd))
  t.is(error.code, 'ENOTCONN')
  t.is(error.syscall, 'shutdown')
  for (const how of ['up', '', null, 1]) {
    refuses(t, () => Unix.shutdown(fd, how as never), Miou.InvalidArgument, /'read', 'write' or 'both'/)
  }
  Unix.close(fd)
})
