import * as vm from 'node:vm'
import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { CALLS, words } from '../../dist/ring.js'
import { test } from '../support/case.js'
import {
  carriedOut,
  closing,
  connection,
  datagrams,
  failsWith,
  listening,
  onOneDomain,
  readAll,
  settle,
  throwsIn,
} from '../support/loopback.js'
import { refuses } from '../support/refusal.js'

const bytes = (text: string) => Buffer.from(text)

onOneDomain('read gives what is there, no more than asked for, and 0 at the end', function* (t) {
  const [client, server] = yield* connection()
  yield* Unix.write(client, 'hello world')
  Unix.shutdown(client, 'write')
  const buf = Buffer.alloc(8, '.')
  t.is(yield* Unix.read(server, buf, { off: 1, len: 5 }), 5)
  t.is(buf.toString(), '.hello..')
  t.is(yield* Unix.read(server, buf, { off: 6 }), 2)
  t.is(buf.toString(), '.hello w')
  t.is(yield* Unix.read(server, buf), 4)
  t.is(buf.toString(), 'orldlo w')
  t.is(yield* Unix.read(server, buf), 0)
  t.is(yield* Unix.read(server, buf), 0, 'the end stays')
  closing(client, server)
})

onOneDomain('a read waits until there is something', function* (t) {
  const [client, server] = yield* connection()
  const buf = Buffer.alloc(4)
  const reading = Miou.async(() => Unix.read(server, buf))
  yield* settle()
  t.is(reading.state, 'running')
  yield* Unix.write(client, 'late')
  t.is(yield* reading, 4)
  t.is(buf.toString(), 'late')
  closing(client, server)
})

onOneDomain('an empty range is read at once, though nothing has come, and takes nothing away', function* (t) {
  const [client, server] = yield* connection()
  const buf = Buffer.alloc(4)
  t.is(yield* Unix.read(server, buf, { len: 0 }), 0)
  t.is(yield* Unix.read(server, new Uint8Array(0)), 0)
  t.is(yield* Unix.read(server, buf, { off: 4 }), 0)
  yield* Unix.write(client, 'full')
  t.is(yield* Unix.read(server, buf, { len: 0 }), 0)
  t.is(yield* Unix.read(server, buf), 4)
  t.is(buf.toString(), 'full')
  closing(client, server)
})

onOneDomain('several tasks that read one descriptor are served in the order in which they came', function* (t) {
  const [client, server] = yield* connection()
  const order: string[] = []
  const readers = [...'abc'].map((name) =>
    Miou.async(function* () {
      const buf = Buffer.alloc(1)
      yield* Unix.read(server, buf)
      order.push(name + buf.toString())
    }),
  )
  yield* settle()
  yield* Unix.write(client, '123')
  yield* Miou.awaitAll(readers)
  t.deepEqual(order, ['a1', 'b2', 'c3'])
  closing(client, server)
})

onOneDomain('a read gives 64 KiB at the most, however large the buffer', function* (t) {
  const [client, server] = yield* connection({ sendBuffer: 1 << 20 })
  const data = Buffer.alloc(200_000, 'x')
  const writing = Miou.async(() => Unix.write(client, data))
  const buf = Buffer.alloc(200_000)
  for (let got = 0; got < data.length; ) {
    const count = yield* Unix.read(server, buf, { off: got })
    t.true(count > 0 && count <= 65536)
    got += count
  }
  t.true(buf.equals(data))
  yield* writing
  closing(client, server)
})

onOneDomain('a range outside of its buffer, and what is no buffer, is refused', function* (t) {
  const [client, server] = yield* connection()
  const buf = Buffer.alloc(8)
  const ranges = [
    { off: -1 },
    { off: 9 },
    { len: 9 },
    { off: 4, len: 5 },
    { len: -1 },
    { off: 0.5 },
    { len: Number.NaN },
    { off: 2 ** 53 },
  ]
  for (const range of ranges)
    refuses(t, () => Unix.read(server, buf, range), Miou.InvalidArgument, /do not lie within a buffer of 8 bytes/)
  const wrong = [
    undefined,
    null,
    'text',
    [],
    {},
    new ArrayBuffer(8),
    new DataView(new ArrayBuffer(8)),
    new Uint16Array(4),
  ]
  for (const what of wrong)
    refuses(t, () => Unix.read(server, what as never), Miou.InvalidArgument, /Uint8Array or a Buffer/)
  for (const what of [undefined, null, 3, {}]) {
    refuses(t, () => Unix.read(what as never, buf), Miou.InvalidArgument, /takes a descriptor/)
  }
  closing(client, server)
})

onOneDomain(
  'bytes land in the right place of a shared, a resizable, a pooled buffer, one of a DataView, one of another realm',
  function* (t) {
    const [client, server] = yield* connection()
    const view = new DataView(new ArrayBuffer(64), 8, 16)
    const elsewhere = vm.runInNewContext('new Uint8Array(16)') as Uint8Array
    const Resizable = ArrayBuffer as unknown as new (length: number, options: { maxByteLength: number }) => ArrayBuffer
    const buffers: Uint8Array[] = [
      new Uint8Array(new SharedArrayBuffer(64), 8, 16),
      new Uint8Array(new Resizable(16, { maxByteLength: 64 })),
      Buffer.allocUnsafe(16).fill(0),
      new Uint8Array(view.buffer, view.byteOffset, view.byteLength),
      elsewhere,
    ]
    for (const buf of buffers) {
      // Twice: the second time the descriptor knows the buffer.
      for (const text of ['first', 'again']) {
        yield* Unix.write(client, text)
        t.is(yield* Unix.read(server, buf, { off: 3, len: 5 }), 5)
        t.is(Buffer.from(buf).toString('latin1'), `\0\0\0${text}\0\0\0\0\0\0\0\0`)
        yield* Unix.write(server, buf, { off: 3, len: 5 })
        t.is((yield* read(client, 5)).toString(), text)
      }
    }
    closing(client, server)
  },
)

function* read(fd: Unix.FileDescr, length: number) {
  const buf = Buffer.alloc(length)
  yield* Unix.reallyRead(fd, buf)
  return buf
}

onOneDomain(
  'a detached buffer is refused; one that is detached or shrinks while the task waits loses no bytes',
  function* (t) {
    const [client, server] = yield* connection()
    const detached = new Uint8Array(8)
    structuredClone(detached, { transfer: [detached.buffer] })
    refuses(t, () => Unix.read(server, detached), Miou.InvalidArgument, /detached/)
    refuses(t, () => Unix.write(server, detached), Miou.InvalidArgument, /detached/)

    const leaving = new Uint8Array(8)
    const first = Miou.async(() => Unix.read(server, leaving))
    yield* settle()
    structuredClone(leaving, { transfer: [leaving.buffer] })
    yield* Unix.write(client, 'kept')
    const result = yield* Miou.await(first)
    t.true(!result.ok && result.error instanceof Miou.InvalidArgument)
    t.is((yield* read(server, 4)).toString(), 'kept')

    // Known to the descriptor, then detached, then the end of the stream: there is nothing to copy.
    const known = new Uint8Array(8)
    for (let i = 0; i < 3; i++) {
      yield* Unix.write(client, 'x')
      yield* Unix.read(server, known)
    }
    const last = Miou.async(() => Unix.read(server, known))
    yield* settle()
    structuredClone(known, { transfer: [known.buffer] })
    Unix.shutdown(client, 'write')
    t.is(yield* last, 0)
    closing(client, server)
  },
)

onOneDomain('nothing is lost by a read that is cancelled, at whatever moment', function* (t) {
  for (let moment = 0; moment < 8; moment++) {
    const [client, server] = yield* connection()
    let seen = ''
    const reader = Miou.async(function* () {
      const buf = Buffer.alloc(3)
      for (;;) seen += buf.toString('latin1', 0, yield* Unix.read(server, buf))
    })
    const text = 'abcdefghij'
    const writer = Miou.async(() => Unix.write(client, text))
    for (let i = 0; i < moment; i++) yield* Miou.yield()
    yield* Miou.cancel(reader)
    yield* writer
    Unix.shutdown(client, 'write')
    t.is(seen + (yield* readAll(server)).toString(), text, `moment ${moment}`)
    closing(client, server)
  }
})

onOneDomain(
  'two reads that have ended in the core, and are cancelled before their tasks hear of it, lose nothing',
  function* (t) {
    const ends = [yield* connection(), yield* connection()]
    for (const [client] of ends) yield* Unix.write(client, 'both')
    yield* settle()
    const seen = ['', '']
    const readers = ends.map(([, server], at) =>
      Miou.async(function* () {
        seen[at] = (yield* read(server, 4)).toString()
      }),
    )
    // They have submitted when this task goes on.
    yield* Miou.yield()
    carriedOut()
    for (const reader of readers) yield* Miou.cancel(reader)
    for (const [at, [client, server]] of ends.entries()) {
      Unix.shutdown(client, 'write')
      t.is(seen[at] + (yield* readAll(server)).toString(), 'both')
      closing(client, server)
    }
  },
)

// Each used to be put in front of what had come back before, and to wake at once who waited: "cdab", in one of the orders.
for (const [which, order] of [
  ['the first of them', [1, 0]],
  ['the last of them', [0, 1]],
] as const) {
  onOneDomain(
    `bytes of several reads that are cancelled together come back in their order, where ${which} gives back first`,
    function* (t) {
      for (const waits of [false, true]) {
        for (let undisturbed = false; !undisturbed; ) {
          const [client, server] = yield* connection()
          yield* Unix.write(client, 'abcd')
          yield* settle()
          const turns = words[CALLS]
          // The newest child is cancelled first. The first read is that of the child number 0.
          const seen = ['', '']
          const readers = Miou.async(function* () {
            const children = order.map((number) =>
              Miou.async(function* () {
                for (let i = 0; i < number; i++) yield* Miou.yield()
                const buf = Buffer.alloc(2)
                seen[number] = buf.toString('latin1', 0, yield* Unix.read(server, buf))
              }),
            )
            yield* Miou.awaitAll(children)
          })
          const third = Miou.async(function* () {
            for (let i = 0; i < 2; i++) yield* Miou.yield()
            return waits ? (yield* readAll(server)).toString() : ''
          })
          // All have submitted then. Where there was a turn since, the third may have got what stands behind that.
          for (let i = 0; i < 3; i++) yield* Miou.yield()
          undisturbed = words[CALLS] === turns
          carriedOut()
          yield* Miou.cancel(readers)
          Unix.shutdown(client, 'write')
          const got = seen.join('') + (yield* third) + (yield* readAll(server)).toString()
          t.is(undisturbed ? got : [...got].sort().join(''), 'abcd')
          closing(client, server)
        }
      }
    },
  )
}

// It used to be carried out first: the other one got "cd", and "ab" came back behind it.
onOneDomain('a read that is cancelled before a turn leaves the bytes to the one behind it', function* (t) {
  for (let undisturbed = false; !undisturbed; ) {
    const [client, server] = yield* connection()
    yield* Unix.write(client, 'abcd')
    yield* settle()
    const turns = words[CALLS]
    const first = Miou.async(() => Unix.read(server, Buffer.alloc(2)))
    const buf = Buffer.alloc(2)
    const second = Miou.async(() => Unix.read(server, buf))
    yield* Miou.yield()
    undisturbed = words[CALLS] === turns
    yield* Miou.cancel(first)
    yield* Miou.await(second)
    if (undisturbed) t.is(buf.toString(), 'ab')
    Unix.shutdown(client, 'write')
    t.is((yield* readAll(server)).length, 2)
    closing(client, server)
  }
})

onOneDomain('bytes that came back are read before those that come later, and by who waits already', function* (t) {
  const [client, server] = yield* connection()
  const first = Miou.async(() => Unix.read(server, Buffer.alloc(4)))
  const buf = Buffer.alloc(8)
  const second = Miou.async(() => Unix.read(server, buf))
  yield* settle()
  yield* Unix.write(client, 'mine')
  yield* Miou.cancel(first)
  t.true([4, 8].includes(yield* second))
  yield* Unix.write(client, 'then')
  Unix.shutdown(client, 'write')
  t.true('minethen'.endsWith((yield* readAll(server)).toString()))
  t.is(buf.toString('latin1', 0, 4), 'mine')
  closing(client, server)
})

onOneDomain('a reset is ECONNRESET, also for the next reader after the first was cancelled', function* (t) {
  for (let moment = 0; moment < 6; moment++) {
    const [client, server] = yield* connection()
    let seen: unknown
    const reader = Miou.async(function* () {
      try {
        yield* Unix.read(server, Buffer.alloc(1))
      } catch (error) {
        seen = error
        throw error
      }
    })
    yield* settle()
    Unix.setOptions(client, { linger: 0 })
    Unix.close(client)
    for (let i = 0; i < moment; i++) yield* Miou.yield()
    yield* Miou.cancel(reader)
    if (seen instanceof Miou.Cancelled) yield* failsWith(t, () => Unix.read(server, Buffer.alloc(1)), 'ECONNRESET')
    else t.is((seen as Unix.SystemError).code, 'ECONNRESET')
    yield* failsWith(t, () => Unix.read(server, Buffer.alloc(1)), 'ECONNRESET')
    Unix.close(server)
  }
})

onOneDomain(
  'after a reset nobody reads an end: who waited beside the first gets ECONNRESET, and who reads later',
  function* (t) {
    const [client, server] = yield* connection()
    const readers = [
      Miou.async(() => Unix.read(server, Buffer.alloc(1))),
      Miou.async(() => Unix.readView(server)),
      Miou.async(() => Unix.reallyRead(server, Buffer.alloc(1))),
    ]
    yield* settle()
    Unix.setOptions(client, { linger: 0 })
    Unix.close(client)
    for (const reader of readers) yield* failsWith(t, () => reader, 'ECONNRESET')
    yield* failsWith(t, () => Unix.readView(server), 'ECONNRESET')
    Unix.close(server)
  },
)

onOneDomain(
  'a reset that a writer hears of first is none the less one to whoever reads, after what came before it',
  function* (t) {
    const [client, server] = yield* connection()
    yield* Unix.write(client, 'before')
    yield* settle()
    Unix.setOptions(client, { linger: 0 })
    Unix.close(client)
    yield* settle()
    yield* failsWith(t, () => Unix.write(server, 'x'), 'ECONNRESET')
    yield* failsWith(t, () => Unix.write(server, 'x'), 'EPIPE')
    const buf = Buffer.alloc(10)
    t.is(buf.toString('latin1', 0, yield* Unix.read(server, buf)), 'before')
    yield* failsWith(t, () => Unix.read(server, buf), 'ECONNRESET')
    Unix.close(server)
  },
)

onOneDomain('reading what is not connected is ENOTCONN', function* (t) {
  const fd = Unix.tcpv4()
  yield* failsWith(t, () => Unix.read(fd, Buffer.alloc(1)), 'ENOTCONN')
  Unix.close(fd)
  const [listener] = listening()
  yield* failsWith(t, () => Unix.read(listener, Buffer.alloc(1)), 'ENOTCONN')
  Unix.close(listener)
})

onOneDomain(
  'U04: a stream is read and written, a datagram socket is not: InvalidArgument says what to use',
  function* (t) {
    const [fd] = datagrams()
    refuses(t, () => Unix.read(fd, Buffer.alloc(1)), Miou.InvalidArgument, /recvfrom/)
    refuses(t, () => Unix.write(fd, 'x'), Miou.InvalidArgument, /sendto/)
    refuses(t, () => Unix.readView(fd), Miou.InvalidArgument, /recvfrom/)
    refuses(t, () => Unix.reallyRead(fd, Buffer.alloc(1)), Miou.InvalidArgument, /recvfrom/)
    const stream = Unix.tcpv4()
    refuses(t, () => Unix.recvfrom(stream, Buffer.alloc(1)), Miou.InvalidArgument, /read/)
    refuses(t, () => Unix.sendto(stream, 'x', { host: '127.0.0.1', port: 1 }), Miou.InvalidArgument, /write/)
    closing(fd, stream)
  },
)

onOneDomain('a descriptor that is closed under its readers wakes them with Closed', function* (t) {
  const [client, server] = yield* connection()
  const readers = [1, 2, 3].map(() => Miou.async(() => Unix.read(server, Buffer.alloc(1))))
  yield* settle()
  Unix.close(server)
  for (const result of yield* Miou.awaitAll(readers)) t.true(!result.ok && result.error instanceof Miou.Closed)
  yield* throwsIn(t, () => Unix.read(server, Buffer.alloc(1)), Miou.Closed)
  Unix.close(client)
})

onOneDomain('a peer that sends a byte at a time is read a byte at a time', function* (t) {
  const [client, server] = yield* connection()
  const text = bytes('drip by drip')
  const dripping = Miou.async(function* () {
    for (const byte of text) {
      yield* Unix.write(client, Uint8Array.of(byte))
      yield* Unix.sleep(2)
    }
    Unix.shutdown(client, 'write')
  })
  t.deepEqual(yield* readAll(server), text)
  yield* dripping
  closing(client, server)
})

test('outside of a task, an operation is NotInTask', async (t) => {
  const fd = Unix.tcpv4()
  refuses(t, () => Unix.read(fd, Buffer.alloc(1)), Miou.NotInTask)
  refuses(t, () => Unix.write(fd, 'x'), Miou.NotInTask)
  refuses(t, () => Unix.accept(fd), Miou.NotInTask)
  refuses(t, () => Unix.connect(fd, { host: '127.0.0.1', port: 1 }), Miou.NotInTask)
  refuses(t, () => Unix.readView(fd), Miou.NotInTask)
  refuses(t, () => Unix.reallyRead(fd, Buffer.alloc(1)), Miou.NotInTask)
  refuses(t, () => Unix.sleep(1), Miou.NotInTask)
  refuses(t, () => Unix.resolve('localhost'), Miou.NotInTask)
  Unix.close(fd)
})

onOneDomain('an operation without its star is an error where the next one is made', function* (t) {
  const [client, server] = yield* connection()
  Unix.read(server, Buffer.alloc(1))
  refuses(t, () => Unix.write(client, 'x'), Miou.ForgottenYield, /yield\* read/)
  yield* Unix.write(client, 'x')
  t.is(yield* Unix.read(server, Buffer.alloc(1)), 1)
  closing(client, server)
})
