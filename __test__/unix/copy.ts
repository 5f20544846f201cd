import * as Unix from 'miou/unix'
import { closing, connection, onOneDomain } from '../support/loopback.js'

onOneDomain('a buffer that is used again and shrinks in between takes what fits', function* (t) {
  const [client, server] = yield* connection()
  const memory = new (ArrayBuffer as unknown as new (size: number, options: object) => ArrayBuffer)(16, {
    maxByteLength: 16,
  })
  const buf = new Uint8Array(memory)
  for (const size of [16, 16, 8, 16, 16]) {
    ;(memory as unknown as { resize(size: number): void }).resize(size)
    yield* Unix.write(client, 'abcdefgh')
    t.is(yield* Unix.read(server, buf), 8)
    t.is(Buffer.from(buf.subarray(0, 8)).toString(), 'abcdefgh')
    yield* Unix.write(server, buf, { len: 8 })
    t.is(yield* Unix.read(client, Buffer.alloc(8)), 8)
  }
  closing(client, server)
})

onOneDomain(
  'a write of nothing from a buffer that was used before and is detached when it begins leaves the next in line',
  function* (t) {
    const [client, server] = yield* connection()
    const buf = new Uint8Array(8)
    for (let i = 0; i < 2; i++) {
      yield* Unix.write(client, buf)
      yield* Unix.read(server, Buffer.alloc(8))
    }
    const empty = Unix.write(client, buf, { len: 0 })
    structuredClone(buf.buffer, { transfer: [buf.buffer] })
    yield* empty
    yield* Unix.write(client, 'next')
    t.is(yield* Unix.read(server, Buffer.alloc(8)), 4)
    closing(client, server)
  },
)
