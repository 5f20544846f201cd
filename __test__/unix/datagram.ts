import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { carriedOut, closing, datagrams, failsWith, onOneDomain, settle, throwsIn } from '../support/loopback.js'
import { hasIPv6 } from '../support/machine.js'
import { refuses } from '../support/refusal.js'
import { promised } from '../support/waiting.js'

onOneDomain('U03: a datagram goes there and comes back in upper case, counted right', function* (t) {
  const [server, there] = datagrams()
  const [client] = datagrams()
  const serving = Miou.async(function* () {
    const buf = Buffer.alloc(100)
    const { length, from } = yield* Unix.recvfrom(server, buf)
    const sent = yield* Unix.sendto(server, buf.toString('latin1', 0, length).toUpperCase(), from)
    return [length, sent]
  })
  const buf = Buffer.alloc(100)
  t.is(yield* Unix.sendto(client, 'hello', there), 5)
  const { length, from } = yield* Unix.recvfrom(client, buf)
  t.is(buf.toString('latin1', 0, length), 'HELLO')
  t.deepEqual(from, there)
  t.deepEqual(yield* serving, [5, 5])
  closing(server, client)
})

onOneDomain('over IPv6 too', function* (t) {
  if (!hasIPv6(t)) return
  const fd = Unix.udpv6()
  Unix.bindAndListen(fd, { host: '::1', port: 0 })
  yield* Unix.sendto(fd, 'six', Unix.address(fd))
  t.deepEqual(yield* Unix.recvfrom(fd, Buffer.alloc(9)), { length: 3, from: Unix.address(fd) })
  // The largest that there is, which leaves no room for its address within 64 KiB.
  t.is(yield* Unix.sendto(fd, Buffer.alloc(65_527, 'x'), Unix.address(fd)), 65_527)
  t.is((yield* Unix.recvfrom(fd, Buffer.alloc(1 << 17))).length, 65_527)
  Unix.close(fd)
})

onOneDomain('a datagram keeps its bounds: what does not fit the range is dropped', function* (t) {
  const [fd, there] = datagrams()
  yield* Unix.sendto(fd, 'abcdefgh', there)
  yield* Unix.sendto(fd, 'next', there)
  const buf = Buffer.alloc(6, '.')
  t.is((yield* Unix.recvfrom(fd, buf, { off: 1, len: 3 })).length, 3)
  t.is(buf.toString(), '.abc..')
  t.is((yield* Unix.recvfrom(fd, buf)).length, 4)
  t.is(buf.toString(), 'nextc.'.replace('c', '.'))
  Unix.close(fd)
})

onOneDomain('an empty datagram is one, and a range of nothing takes one', function* (t) {
  const [fd, there] = datagrams()
  t.is(yield* Unix.sendto(fd, '', there), 0)
  t.is(yield* Unix.sendto(fd, new Uint8Array(0), there), 0)
  yield* Unix.sendto(fd, 'full', there)
  t.deepEqual(yield* Unix.recvfrom(fd, Buffer.alloc(4)), { length: 0, from: there })
  t.is((yield* Unix.recvfrom(fd, Buffer.alloc(4))).length, 0)
  t.deepEqual(yield* Unix.recvfrom(fd, new Uint8Array(0)), { length: 0, from: there })
  Unix.close(fd)
})

onOneDomain('the largest datagrams pass, larger ones are EMSGSIZE', function* (t) {
  const [fd, there] = datagrams()
  const data = Buffer.alloc(65_507, 'x')
  const buf = Buffer.alloc(1 << 17)
  for (let i = 0; i < 40; i++) {
    t.is(yield* Unix.sendto(fd, data, there), data.length)
    t.is((yield* Unix.recvfrom(fd, buf)).length, data.length)
  }
  t.true(buf.subarray(0, data.length).equals(data))
  for (const size of [65_508, 65_536, 65_537, 10_000_000]) {
    const error = yield* failsWith(t, () => Unix.sendto(fd, Buffer.alloc(size), there), 'EMSGSIZE')
    t.is(error.port, there.port)
  }
  Unix.close(fd)
})

onOneDomain(
  'no datagram is lost by a recvfrom that is cancelled, at whatever moment, nor any part of it',
  function* (t) {
    for (let moment = 0; moment < 8; moment++) {
      const [fd, there] = datagrams()
      const seen: number[] = []
      const receiving = Miou.async(function* () {
        for (;;) seen.push((yield* Unix.recvfrom(fd, Buffer.alloc(100_000))).length)
      })
      // This one has a small buffer: what it is given and does not see must go back whole.
      const small = Miou.async(function* () {
        for (;;) seen.push(1000 + (yield* Unix.recvfrom(fd, Buffer.alloc(1))).length)
      })
      yield* Miou.yield()
      for (let i = 1; i <= 4; i++) yield* Unix.sendto(fd, Buffer.alloc(i * 100), there)
      for (let i = 0; i < moment; i++) yield* Miou.yield()
      yield* Miou.cancel(small)
      yield* Miou.cancel(receiving)
      const rest: number[] = []
      while (seen.length + rest.length < 4) rest.push((yield* Unix.recvfrom(fd, Buffer.alloc(1000))).length)
      const whole = [...seen, ...rest].filter((length) => length < 1000)
      t.true(
        whole.every((length) => [100, 200, 300, 400].includes(length)),
        `moment ${moment}: ${whole}`,
      )
      t.deepEqual(
        rest,
        [...rest].sort((a, b) => a - b),
        'in order',
      )
      Unix.close(fd)
    }
  },
)

onOneDomain('a buffer that is detached while the task waits loses no datagram', function* (t) {
  const [fd, there] = datagrams()
  const buf = new Uint8Array(8)
  const receiving = Miou.async(() => Unix.recvfrom(fd, buf))
  yield* settle()
  structuredClone(buf, { transfer: [buf.buffer] })
  yield* Unix.sendto(fd, 'kept', there)
  yield* throwsIn(t, () => receiving, Miou.InvalidArgument, /detached/)
  t.is((yield* Unix.recvfrom(fd, Buffer.alloc(8))).length, 4)
  Unix.close(fd)
})

onOneDomain('datagrams of several receivers that are cancelled together come back in their order', function* (t) {
  for (const order of [
    [1, 0],
    [0, 1],
  ]) {
    const [fd, there] = datagrams()
    for (const text of ['first', 'second', 'third']) yield* Unix.sendto(fd, text, there)
    yield* settle()
    const seen: string[] = []
    const receive = function* () {
      const buf = Buffer.alloc(9)
      seen.push(buf.toString('latin1', 0, (yield* Unix.recvfrom(fd, buf)).length))
    }
    // The newest child is cancelled first.
    const receivers = Miou.async(function* () {
      const children = order.map((number) =>
        Miou.async(function* () {
          for (let i = 0; i < number; i++) yield* Miou.yield()
          yield* receive()
        }),
      )
      yield* Miou.awaitAll(children)
    })
    for (let i = 0; i < 3; i++) yield* Miou.yield()
    carriedOut()
    yield* Miou.cancel(receivers)
    while (seen.length < 3) yield* receive()
    t.deepEqual(seen, ['first', 'second', 'third'])
    Unix.close(fd)
  }
})

onOneDomain('ranges, addresses and bytes are checked', function* (t) {
  const [fd, there] = datagrams()
  refuses(t, () => Unix.recvfrom(fd, Buffer.alloc(3), { len: 4 }), Miou.InvalidArgument, /buffer of 3 bytes/)
  refuses(t, () => Unix.recvfrom(fd, 'x' as never), Miou.InvalidArgument, /Uint8Array/)
  refuses(t, () => Unix.sendto(fd, {} as never, there), Miou.InvalidArgument, /Uint8Array/)
  refuses(t, () => Unix.sendto(fd, 'x', { host: 'localhost', port: 1 }), Miou.InvalidArgument, /resolve/)
  refuses(t, () => Unix.sendto(fd, 'x', undefined as never), Miou.InvalidArgument)
  const detached = new Uint8Array(8)
  structuredClone(detached, { transfer: [detached.buffer] })
  refuses(t, () => Unix.sendto(fd, detached, there), Miou.InvalidArgument, /detached/)
  yield* failsWith(t, () => Unix.sendto(fd, 'x', { host: '::1', port: 1 }), 'EAFNOSUPPORT')
  Unix.close(fd)
})

onOneDomain('a broadcast has to be allowed', function* (t) {
  const [fd] = datagrams()
  const everybody = { host: '255.255.255.255', port: 9 }
  yield* failsWith(t, () => Unix.sendto(fd, 'x', everybody), 'EACCES')
  Unix.setOptions(fd, { broadcast: true })
  try {
    yield* Unix.sendto(fd, 'x', everybody)
  } catch (error) {
    // Bound to loopback there may be no way out.
    t.true(['ENETUNREACH', 'EINVAL', 'EADDRNOTAVAIL'].includes((error as Unix.SystemError).code), String(error))
  }
  Unix.close(fd)
})

onOneDomain('a socket that is closed under its receivers wakes them with Closed', function* (t) {
  const [fd, there] = datagrams()
  const tasks = [1, 2].map(() => Miou.async(() => Unix.recvfrom(fd, Buffer.alloc(1))))
  yield* settle()
  Unix.close(fd)
  for (const result of yield* Miou.awaitAll(tasks)) t.true(!result.ok && result.error instanceof Miou.Closed)
  yield* throwsIn(t, () => Unix.sendto(fd, 'x', there), Miou.Closed)
})

onOneDomain('many tasks may send and receive at once', function* (t) {
  const [server, there] = datagrams()
  const serving = Miou.async(function* () {
    const buf = Buffer.alloc(2000)
    for (;;) {
      const { length, from } = yield* Unix.recvfrom(server, buf)
      yield* Unix.sendto(server, buf.subarray(0, length), from)
    }
  })
  const clients = Array.from({ length: 20 }, (_, i) =>
    Miou.async(function* () {
      const [fd] = datagrams()
      const buf = Buffer.alloc(2000)
      for (let round = 0; round < 20; round++) {
        const text = `${i}:${round} `.repeat(1 + (i % 3) * 40)
        yield* Unix.sendto(fd, text, there)
        const { length } = yield* Unix.recvfrom(fd, buf)
        if (buf.toString('latin1', 0, length) !== text) return false
      }
      Unix.close(fd)
      return true
    }),
  )
  for (const client of clients) t.true(yield* client)
  yield* Miou.cancel(serving)
  Unix.close(server)
})

// Sockets of several processes had one port between them, which the system chose for each: answers went astray.
onOneDomain('the port of a datagram socket is its own, whatever others allow', function* (t) {
  const [fd, { port }] = datagrams()
  const other = createSocket({ type: 'udp4', reuseAddr: true })
  const refused = once(other, 'error')
  other.bind(port, '127.0.0.1', () => other.emit('error', new Error('it was bound')))
  const [error] = yield* promised(refused)
  t.is((error as NodeJS.ErrnoException).code, 'EADDRINUSE')
  other.close()
  Unix.close(fd)
})
