import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { closing, connection, onOneDomain, readAll, settle, throwsIn } from '../support/loopback.js'
import { refuses } from '../support/refusal.js'

onOneDomain('reallyRead fills the whole range, however the bytes come', function* (t) {
  const [client, server] = yield* connection()
  const writing = Miou.async(function* () {
    for (const byte of Buffer.from('piecemeal')) {
      yield* Unix.write(client, Uint8Array.of(byte))
      yield* Unix.sleep(1)
    }
  })
  const buf = Buffer.alloc(10, '.')
  yield* Unix.reallyRead(server, buf, { off: 1, len: 5 })
  t.is(buf.toString(), '.piece....')
  yield* Unix.reallyRead(server, buf, { off: 6 })
  t.is(buf.toString(), '.piecemeal')
  yield* writing
  closing(client, server)
})

onOneDomain('an empty range is filled at once', function* (t) {
  const [client, server] = yield* connection()
  yield* Unix.reallyRead(server, new Uint8Array(0))
  yield* Unix.reallyRead(server, new Uint8Array(3), { len: 0 })
  refuses(t, () => Unix.reallyRead(server, new Uint8Array(3), { len: 4 }), Miou.InvalidArgument, /buffer of 3 bytes/)
  closing(client, server)
})

onOneDomain('a stream that ends before is EndOfFile, which says after how much', function* (t) {
  const [client, server] = yield* connection()
  yield* Unix.write(client, 'abc')
  Unix.shutdown(client, 'write')
  const buf = Buffer.alloc(5, '.')
  yield* throwsIn(t, () => Unix.reallyRead(server, buf), Miou.EndOfFile, /3 of 5 bytes/)
  t.is(buf.toString(), 'abc..')
  closing(client, server)
})

onOneDomain('where it is cancelled, all that it has read goes back to the front', function* (t) {
  for (let pieces = 0; pieces < 4; pieces++) {
    const [client, server] = yield* connection()
    const reading = Miou.async(() => Unix.reallyRead(server, Buffer.alloc(100)))
    for (let i = 0; i < pieces; i++) {
      yield* Unix.write(client, `piece ${i}, `)
      yield* settle()
    }
    yield* Unix.write(client, 'not seen, ')
    yield* Miou.cancel(reading)
    yield* Unix.write(client, 'later')
    Unix.shutdown(client, 'write')
    const expected = `${Array.from({ length: pieces }, (_, i) => `piece ${i}, `).join('')}not seen, later`
    t.is((yield* readAll(server)).toString(), expected)
    closing(client, server)
  }
})

onOneDomain('an operation without its star is an error', function* (t) {
  const [client, server] = yield* connection()
  Unix.reallyRead(server, Buffer.alloc(1))
  refuses(t, () => Unix.read(server, Buffer.alloc(1)), Miou.ForgottenYield, /reallyRead/)
  closing(client, server)
})
