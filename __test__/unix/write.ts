import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { closing, connection, failsWith, onOneDomain, readAll, settle, throwsIn } from '../support/loopback.js'
import { refuses } from '../support/refusal.js'

/** Bytes that tell where they belong. */
function pattern(length: number, salt = 0): Buffer {
  const bytes = Buffer.alloc(length)
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + (i >> 8) + salt) & 255
  return bytes
}

onOneDomain('write writes all of a range, of bytes and of text', function* (t) {
  const [client, server] = yield* connection()
  yield* Unix.write(client, Buffer.from('abcdef'), { off: 1, len: 3 })
  yield* Unix.write(client, 'grüße', { off: 2, len: 3 })
  yield* Unix.write(client, new Uint8Array([33]))
  Unix.shutdown(client, 'write')
  t.is((yield* readAll(server)).toString('latin1'), `bcd${Buffer.from('grüße').toString('latin1', 2, 5)}!`)
  closing(client, server)
})

onOneDomain('nothing at all can be written', function* (t) {
  const [client, server] = yield* connection()
  yield* Unix.write(client, '')
  yield* Unix.write(client, new Uint8Array(0))
  yield* Unix.write(client, 'abc', { len: 0 })
  yield* Unix.write(client, 'abc', { off: 3 })
  Unix.shutdown(client, 'write')
  t.is((yield* readAll(server)).length, 0)
  closing(client, server)
})

onOneDomain('a range outside of its bytes is refused, and what is neither bytes nor text', function* (t) {
  const [client, server] = yield* connection()
  for (const range of [{ off: 4 }, { len: 4 }, { off: 2, len: 2 }, { len: -1 }]) {
    refuses(t, () => Unix.write(client, 'abc', range), Miou.InvalidArgument, /buffer of 3 bytes/)
  }
  for (const what of [undefined, null, 1, {}, new ArrayBuffer(1), new DataView(new ArrayBuffer(1))]) {
    refuses(t, () => Unix.write(client, what as never), Miou.InvalidArgument, /Uint8Array or a Buffer/)
  }
  closing(client, server)
})

onOneDomain('a write of many pieces arrives whole, at a peer that reads slowly', function* (t) {
  const [client, server] = yield* connection({ sendBuffer: 8192 })
  const data = pattern(3_000_000)
  const writing = Miou.async(() => Unix.write(client, data))
  const parts: Buffer[] = []
  const buf = Buffer.alloc(50_000)
  for (let total = 0; total < data.length; ) {
    const count = yield* Unix.read(server, buf)
    parts.push(Buffer.from(buf.subarray(0, count)))
    total += count
    yield* Miou.yield()
  }
  t.true(Buffer.concat(parts).equals(data))
  yield* writing
  closing(client, server)
})

onOneDomain('a gigabyte is written in flat memory', function* (t) {
  const [client, server] = yield* connection()
  // Never touched: the system has one page of zeros for all of it.
  const data = Buffer.alloc(2 ** 30)
  const before = process.memoryUsage.rss()
  const writing = Miou.async(() => Unix.write(client, data))
  let total = 0
  let most = 0
  while (total < data.length) {
    const view = yield* Unix.readView(server)
    total += view.length
    if ((total & 0xffffff) < view.length) most = Math.max(most, process.memoryUsage.rss() - before)
  }
  yield* writing
  t.is(total, data.length)
  t.true(most < 64 << 20, `grew by ${most >> 20} MiB`)
  closing(client, server)
})

onOneDomain('a peer that never reads holds its writer up, in flat memory, and nobody else', function* (t) {
  const [client, server] = yield* connection()
  const [other, end] = yield* connection()
  const before = process.memoryUsage.rss()
  const writing = Miou.async(() => Unix.write(client, Buffer.alloc(256 << 20)))
  for (let i = 0; i < 200; i++) {
    yield* Unix.write(other, 'ping')
    t.is(yield* Unix.read(end, Buffer.alloc(8)), 4)
  }
  t.is(writing.state, 'running')
  t.true(process.memoryUsage.rss() - before < 64 << 20)
  yield* Miou.cancel(writing)
  closing(client, server, other, end)
})

onOneDomain('writes of several tasks go one after the other, first come, first served, never mixed', function* (t) {
  const [client, server] = yield* connection({ sendBuffer: 8192 })
  const sizes = [300_000, 10, 200_000, 1, 65_536, 65_537]
  const expected = Buffer.concat(sizes.map((size, i) => pattern(size, i)))
  const writers = sizes.map((size, i) => Miou.async(() => Unix.write(client, pattern(size, i))))
  const all = Miou.async(() => readAll(server))
  for (const writer of writers) yield* writer
  Unix.shutdown(client, 'write')
  t.true((yield* all).equals(expected))
  closing(client, server)
})

onOneDomain('large writes on many connections at once all arrive', function* (t) {
  const ends = []
  for (let i = 0; i < 60; i++) ends.push(yield* connection())
  const data = ends.map((_, i) => pattern(300_000, i))
  const writers = ends.map(([client], i) =>
    Miou.async(function* () {
      yield* Unix.write(client, data[i]!)
      Unix.shutdown(client, 'write')
    }),
  )
  const readers = ends.map(([, server]) => Miou.async(() => readAll(server)))
  for (const [i, reader] of readers.entries()) t.true((yield* reader).equals(data[i]!))
  yield* Miou.awaitAll(writers)
  for (const [client, server] of ends) closing(client, server)
})

onOneDomain('a small write that has to wait its turn may have its buffer used again at once', function* (t) {
  const [client, server] = yield* connection({ sendBuffer: 8192 })
  const large = Miou.async(() => Unix.write(client, Buffer.alloc(1_000_000, 'x')))
  const buf = Buffer.from('small')
  const small = Miou.async(() => Unix.write(client, buf))
  yield* settle()
  buf.fill('?')
  const all = Miou.async(() => readAll(server))
  yield* large
  yield* small
  Unix.shutdown(client, 'write')
  t.is((yield* all).subarray(-6).toString(), 'xsmall')
  closing(client, server)
})

onOneDomain('bytes that shrink or are detached during a write are InvalidArgument, after a prefix', function* (t) {
  const [client, server] = yield* connection({ sendBuffer: 8192 })
  const data = new Uint8Array(4_000_000)
  const writing = Miou.async(() => Unix.write(client, data))
  const next = Miou.async(() => Unix.write(client, 'next'))
  yield* settle()
  structuredClone(data, { transfer: [data.buffer] })
  const all = Miou.async(() => readAll(server))
  const result = yield* Miou.await(writing)
  t.true(!result.ok && result.error instanceof Miou.InvalidArgument && /prefix/.test(result.error.message))
  yield* next
  Unix.shutdown(client, 'write')
  t.is((yield* all).subarray(-4).toString(), 'next', 'others go on')
  closing(client, server)
})

onOneDomain('writing to a peer that has gone is EPIPE or ECONNRESET, and no signal ends the process', function* (t) {
  const [client, server] = yield* connection()
  Unix.close(server)
  let error: Unix.SystemError | undefined
  for (let i = 0; i < 100 && error === undefined; i++) {
    try {
      yield* Unix.write(client, 'x'.repeat(1000))
      yield* Unix.sleep(1)
    } catch (thrown) {
      error = thrown as Unix.SystemError
    }
  }
  t.true(['EPIPE', 'ECONNRESET'].includes(error?.code as string))
  t.is(error?.syscall, 'write')
  yield* failsWith(t, () => Unix.write(client, 'more'), 'EPIPE')
  Unix.close(client)
})

onOneDomain('a peer that goes in the middle of a write ends it with an error', function* (t) {
  const [client, server] = yield* connection()
  const writing = Miou.async(() => Unix.write(client, Buffer.alloc(50_000_000)))
  const waiting = Miou.async(() => Unix.write(client, 'x'))
  yield* Unix.read(server, Buffer.alloc(100))
  yield* settle()
  Unix.setOptions(server, { linger: 0 })
  Unix.close(server)
  for (const result of yield* Miou.awaitAll([writing, waiting])) {
    t.true(!result.ok && ['EPIPE', 'ECONNRESET'].includes((result.error as Unix.SystemError).code))
  }
  Unix.close(client)
})

onOneDomain('after shutdown, writing is EPIPE, and what was written before arrives', function* (t) {
  const [client, server] = yield* connection()
  yield* Unix.write(client, 'before')
  Unix.shutdown(client, 'write')
  yield* failsWith(t, () => Unix.write(client, 'after'), 'EPIPE')
  t.is((yield* readAll(server)).toString(), 'before')
  yield* Unix.write(server, 'back')
  t.is(yield* Unix.read(client, Buffer.alloc(9)), 4, 'the other side is open')
  closing(client, server)
})

onOneDomain('a write that is cancelled leaves a prefix, and the next one follows it', function* (t) {
  for (let moment = 0; moment < 8; moment++) {
    const [client, server] = yield* connection({ sendBuffer: 8192 })
    const data = pattern(2_000_000)
    const writing = Miou.async(() => Unix.write(client, data))
    for (let i = 0; i < moment; i++) yield* Miou.yield()
    yield* Miou.cancel(writing)
    const all = Miou.async(() => readAll(server))
    yield* Unix.write(client, 'END')
    Unix.shutdown(client, 'write')
    const got = yield* all
    t.is(got.subarray(-3).toString(), 'END')
    t.true(got.subarray(0, -3).equals(data.subarray(0, got.length - 3)), `moment ${moment}`)
    closing(client, server)
  }
})

onOneDomain('a write that is cancelled while it waits its turn writes nothing', function* (t) {
  const [client, server] = yield* connection({ sendBuffer: 8192 })
  const first = Miou.async(() => Unix.write(client, Buffer.alloc(500_000, '1')))
  const second = Miou.async(() => Unix.write(client, Buffer.alloc(500_000, '2')))
  const third = Miou.async(() => Unix.write(client, Buffer.alloc(500_000, '3')))
  yield* settle()
  yield* Miou.cancel(second)
  const all = Miou.async(() => readAll(server))
  yield* first
  yield* third
  Unix.shutdown(client, 'write')
  const got = (yield* all).toString()
  t.is(got, '1'.repeat(500_000) + '3'.repeat(500_000))
  closing(client, server)
})

onOneDomain('a descriptor that is closed under its writers wakes them all with Closed', function* (t) {
  const [client, server] = yield* connection()
  const writers = [1, 2, 3].map(() => Miou.async(() => Unix.write(client, Buffer.alloc(20_000_000))))
  yield* settle()
  Unix.close(client)
  for (const result of yield* Miou.awaitAll(writers)) t.true(!result.ok && result.error instanceof Miou.Closed)
  yield* throwsIn(t, () => Unix.write(client, 'x'), Miou.Closed)
  Unix.close(server)
})

onOneDomain('both sides may write a lot and read at the same time', function* (t) {
  const [client, server] = yield* connection()
  const data = [pattern(2_000_000, 1), pattern(2_000_000, 2)]
  const writers = [client, server].map((fd, i) =>
    Miou.async(function* () {
      yield* Unix.write(fd, data[i]!)
      Unix.shutdown(fd, 'write')
    }),
  )
  const readers = [server, client].map((fd) => Miou.async(() => readAll(fd)))
  for (const [i, reader] of readers.entries()) t.true((yield* reader).equals(data[i]!))
  yield* Miou.awaitAll(writers)
  closing(client, server)
})
