import vm from 'node:vm'
import type { ExecutionContext } from 'ava'
import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { HELD, words } from '../../dist/ring.js'
import { closing, connection, datagrams, onOneDomain, settle, throwsIn } from '../support/loopback.js'
import { refuses } from '../support/refusal.js'

/* Whatever memory bytes lie in, every operation takes those that it was given and no others. */

type Steps<T> = Generator<Miou.Suspension, T>

/** Memory that may be resized, of which ES2022 does not know. */
const Resizable = ArrayBuffer as unknown as new (
  length: number,
  options: { maxByteLength: number },
) => ArrayBuffer & { resize(length: number): void }

const SIZE = 16
/** What lies around the bytes of an operation, and has to stay. */
const AROUND = 0x7e

/** Views of `SIZE` bytes within larger memory of each kind. */
const memories: Record<string, () => Uint8Array> = {
  'memory of its own': () => new Uint8Array(SIZE),
  'a part of an ArrayBuffer': () => new Uint8Array(new ArrayBuffer(64), 7, SIZE),
  'shared memory': () => new Uint8Array(new SharedArrayBuffer(64), 8, SIZE),
  'memory that can be resized': () => new Uint8Array(new Resizable(64, { maxByteLength: 128 }), 4, SIZE),
  'a view that grows with its memory': () => new Uint8Array(new Resizable(SIZE, { maxByteLength: 64 })),
  'a Buffer from the pool': () => Buffer.allocUnsafe(SIZE),
  'the memory of a DataView': () => {
    const { buffer, byteOffset, byteLength } = new DataView(new ArrayBuffer(64), 3, SIZE)
    return new Uint8Array(buffer, byteOffset, byteLength)
  },
  'another realm': () => vm.runInNewContext(`new Uint8Array(${SIZE})`) as Uint8Array,
}

/** All of the memory that a view lies in, but for a pool, of which others have parts. */
function surroundings(view: Uint8Array): Uint8Array {
  return Buffer.isBuffer(view) ? view : new Uint8Array(view.buffer)
}

/** Operations that fill a range of a buffer, on a socket that gets `text` as its next bytes. */
const filling: Record<string, (text: string) => Steps<Filled>> = {
  *read(text) {
    const [client, server] = yield* connection()
    yield* Unix.write(client, text)
    return { into: (buf, range) => Unix.read(server, buf, range), close: () => closing(client, server) }
  },
  *reallyRead(text) {
    const [client, server] = yield* connection()
    yield* Unix.write(client, text)
    return { into: (buf, range) => Unix.reallyRead(server, buf, range), close: () => closing(client, server) }
  },
  *recvfrom(text) {
    const [fd, there] = datagrams()
    yield* Unix.sendto(fd, text, there)
    return { into: (buf, range) => Unix.recvfrom(fd, buf, range), close: () => Unix.close(fd) }
  },
}

interface Filled {
  into(buf: Uint8Array, range?: Unix.Range): Miou.Operation<unknown>
  close(): void
}

for (const [memory, make] of Object.entries(memories)) {
  for (const [name, start] of Object.entries(filling)) {
    onOneDomain(`${name} fills its range and nothing around it: ${memory}`, function* (t) {
      // The short ones and the long ones are copied in different ways, and differently where a buffer is known already.
      const buf = make()
      for (let round = 0; round < 3; round++) {
        surroundings(buf).fill(AROUND)
        const { into, close } = yield* start('12345')
        yield* into(buf, { off: 3, len: 5 })
        const expected = Buffer.alloc(SIZE, AROUND)
        expected.write('12345', 3)
        t.deepEqual(Buffer.from(buf), expected)
        t.is(surroundings(buf).filter((byte) => byte === AROUND).length, surroundings(buf).length - 5)
        close()
      }
    })
  }

  onOneDomain(`write and sendto take the bytes of their range alone: ${memory}`, function* (t) {
    const [client, server] = yield* connection()
    const [fd, there] = datagrams()
    const buf = make()
    for (const text of ['first', 'again', 'third']) {
      surroundings(buf).fill(AROUND)
      Buffer.from(text).copy(buf, 2)
      yield* Unix.write(client, buf, { off: 2, len: 5 })
      const got = Buffer.alloc(5)
      yield* Unix.reallyRead(server, got)
      t.is(got.toString(), text)
      yield* Unix.sendto(fd, buf.subarray(2, 7), there)
      const { length } = yield* Unix.recvfrom(fd, got)
      t.is(got.toString('latin1', 0, length), text)
    }
    closing(client, server, fd)
  })
}

const ranges: Unix.Range[] = [
  { off: -1 },
  { off: SIZE + 1 },
  { off: 0.5 },
  { off: Number.NaN },
  { off: 2 ** 53 },
  { off: Number.POSITIVE_INFINITY },
  { len: -1 },
  { len: SIZE + 1 },
  { len: 1.5 },
  { len: Number.NaN },
  { len: 2 ** 32 },
  { off: SIZE, len: 1 },
  { off: 2 ** 32, len: 1 },
  { off: '1' as unknown as number },
  { len: null as unknown as number, off: 4.5 },
]

/** Every operation that takes a range of bytes. */
function ranged(stream: Unix.FileDescr, udp: Unix.FileDescr) {
  return [
    (buf: Uint8Array, range?: Unix.Range) => Unix.read(stream, buf, range),
    (buf: Uint8Array, range?: Unix.Range) => Unix.reallyRead(stream, buf, range),
    (buf: Uint8Array, range?: Unix.Range) => Unix.write(stream, buf, range),
    (buf: Uint8Array, range?: Unix.Range) => Unix.recvfrom(udp, buf, range),
  ]
}

onOneDomain(
  'a range that does not lie within its buffer is refused everywhere, before anything is done',
  function* (t) {
    const [client, server] = yield* connection()
    const [udp] = datagrams()
    for (const operation of ranged(client, udp)) {
      for (const range of ranges) refuses(t, () => operation(new Uint8Array(SIZE), range), Miou.InvalidArgument)
    }
    closing(client, server, udp)
  },
)

onOneDomain('what is no Uint8Array is refused everywhere', function* (t) {
  const [client, server] = yield* connection()
  const [udp, there] = datagrams()
  const wrong = [
    ...[undefined, null, 1, {}, [], 'text', new ArrayBuffer(8), new SharedArrayBuffer(8)],
    ...[new DataView(new ArrayBuffer(8)), new Uint16Array(8), new Float64Array(8), new Uint8ClampedArray(8)],
  ] as never[]
  for (const what of wrong) {
    for (const operation of ranged(client, udp)) {
      // Text can be written.
      if (what !== ('text' as never)) refuses(t, () => operation(what), Miou.InvalidArgument)
    }
    if (what !== ('text' as never)) refuses(t, () => Unix.sendto(udp, what, there), Miou.InvalidArgument)
  }
  closing(client, server, udp)
})

/** Ways in which a buffer of a waiting operation becomes too small. */
const lost: Record<string, () => { buf: Uint8Array; take: () => void }> = {
  'is detached': () => {
    const buf = new Uint8Array(SIZE)
    return { buf, take: () => void structuredClone(buf, { transfer: [buf.buffer] }) }
  },
  shrinks: () => {
    const memory = new Resizable(SIZE, { maxByteLength: 64 })
    return { buf: new Uint8Array(memory), take: () => memory.resize(2) }
  },
  'shrinks below its own part': () => {
    const memory = new Resizable(64, { maxByteLength: 64 })
    return { buf: new Uint8Array(memory, 40, SIZE), take: () => memory.resize(41) }
  },
}

/** Waits for bytes in `buf`, which is taken away meanwhile. */
function* loses(
  t: ExecutionContext,
  how: string,
  wait: (buf: Uint8Array) => Miou.Operation<unknown>,
  send: () => Miou.Operation<unknown>,
): Steps<void> {
  const { buf, take } = lost[how]!()
  const waiting = Miou.async(() => wait(buf))
  yield* settle()
  take()
  yield* send()
  yield* throwsIn(t, () => waiting, Miou.InvalidArgument, /detached or has shrunk|lie within/)
}

for (const how of Object.keys(lost)) {
  onOneDomain(
    `a buffer that ${how} while its task waits is InvalidArgument, and the bytes are for the next one`,
    function* (t) {
      const [client, server] = yield* connection()
      const [udp, there] = datagrams()
      const send = (): Miou.Operation<void> => Unix.write(client, 'kept')
      const got = Buffer.alloc(4)
      yield* loses(t, how, (buf) => Unix.read(server, buf), send)
      yield* Unix.reallyRead(server, got)
      t.is(got.toString(), 'kept')
      yield* loses(
        t,
        how,
        (buf) => Unix.recvfrom(udp, buf),
        () => Unix.sendto(udp, 'datagram', there),
      )
      t.is((yield* Unix.recvfrom(udp, Buffer.alloc(20))).length, 8)
      closing(client, server, udp)
    },
  )

  onOneDomain(
    `bytes whose memory ${how} before they are taken are InvalidArgument, and nothing else is sent`,
    function* (t) {
      const [client, server] = yield* connection()
      const { buf, take } = lost[how]!()
      buf.fill(1)
      const writing = Unix.write(client, buf)
      take()
      yield* throwsIn(t, () => writing, Miou.InvalidArgument)
      yield* Unix.write(client, 'after')
      const got = Buffer.alloc(20)
      t.is(got.toString('latin1', 0, yield* Unix.read(server, got)), 'after')
      closing(client, server)
    },
  )
}

onOneDomain('memory that grows while its task waits is filled where it was asked for', function* (t) {
  const [client, server] = yield* connection()
  const memory = new Resizable(8, { maxByteLength: 64 })
  const buf = new Uint8Array(memory)
  const reading = Miou.async(() => Unix.read(server, buf))
  yield* settle()
  memory.resize(64)
  yield* Unix.write(client, 'more than eight')
  t.is(yield* reading, 8)
  t.is(Buffer.from(buf).toString('latin1').replaceAll('\0', ''), 'more tha')
  closing(client, server)
})

onOneDomain('nothing at all is read, written and sent, whatever the memory', function* (t) {
  const [client, server] = yield* connection()
  const [udp, there] = datagrams()
  const detached = new Uint8Array(8)
  structuredClone(detached, { transfer: [detached.buffer] })
  for (const [, make] of Object.entries(memories)) {
    const none = make().subarray(SIZE)
    yield* Unix.write(client, none)
    t.is(yield* Unix.sendto(udp, none, there), 0)
    t.is((yield* Unix.recvfrom(udp, none)).length, 0)
    t.is(yield* Unix.read(server, none), 0)
    yield* Unix.reallyRead(server, none)
    t.is(yield* Unix.read(server, make(), { off: SIZE }), 0)
    t.is(yield* Unix.read(server, make(), { len: 0 }), 0)
  }
  for (const operation of ranged(client, udp)) refuses(t, () => operation(detached), Miou.InvalidArgument, /detached/)
  yield* Unix.write(client, 'x')
  t.is(yield* Unix.read(server, Buffer.alloc(8)), 1)
  closing(client, server, udp)
})

for (const size of [100, 4096]) {
  onOneDomain(`bytes that say that they are ${size}, and are not, send none of what others have sent`, function* (t) {
    const [client, server] = yield* connection()
    const secret = new Uint8Array(size).fill(0x73)
    const received = new Uint8Array(size)
    for (let i = 0; i < 8; i++) {
      yield* Unix.write(client, secret)
      yield* Unix.reallyRead(server, received)
      const short = Object.defineProperty(new Uint8Array([1, 2, 3]), 'length', { value: size })
      yield* Unix.write(client, short)
      yield* Unix.reallyRead(server, received)
      t.deepEqual([...received], [1, 2, 3, ...new Array(size - 3).fill(0)])
      yield* Unix.write(client, secret)
      yield* Unix.reallyRead(server, received)
      yield* Unix.write(client, 'abc')
      yield* Unix.write(server, Object.defineProperty(yield* Unix.readView(server), 'length', { value: size }))
      yield* Unix.reallyRead(client, received)
      t.deepEqual([...received], [97, 98, 99, ...new Array(size - 3).fill(0)])
    }
    closing(client, server)
  })
}

onOneDomain(
  'bytes that say that there are more of them than there are take nothing of the receive area with them',
  function* (t) {
    const [client, server] = yield* connection()
    const [udp, there] = datagrams()
    const lying = Object.defineProperty(new Uint8Array(2), 'length', { value: 1000 })
    for (let i = 0; i < 40; i++) {
      yield* Unix.write(client, new Uint8Array(900))
      yield* Unix.sendto(udp, new Uint8Array(900), there)
      // How they fail, if they do, is theirs.
      yield* Miou.await(Miou.async(() => Unix.read(server, lying)))
      yield* Miou.await(Miou.async(() => Unix.recvfrom(udp, lying)))
    }
    t.is(words[HELD], 0)
    closing(client, server, udp)
  },
)
