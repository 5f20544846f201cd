import fc from 'fast-check'
import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { MOST, parse } from '../../dist/unix/proxy-parser.js'
import { test } from '../support/case.js'
import { closing, connection, datagrams, onOneDomain, readAll, settle, throwsIn } from '../support/loopback.js'
import { binary, headers } from '../support/proxy-header.js'
import { refuses } from '../support/refusal.js'

test('every header that is right is read as what it says, whatever comes after it', (t) => {
  fc.assert(
    fc.property(headers, fc.uint8Array({ maxLength: 50 }), ({ bytes, version, ends, values }, rest) => {
      t.deepEqual(parse(Buffer.concat([bytes, rest])), {
        length: bytes.length,
        header: {
          version,
          source: ends?.source,
          destination: ends?.destination,
          values: values.map(({ type, value }) => ({ type, value })),
        },
      })
    }),
  )
  t.pass()
})

test('a header that is not complete asks for more, at every length', (t) => {
  fc.assert(
    fc.property(headers, ({ bytes }) => {
      for (let length = 0; length < bytes.length; length++) {
        if (parse(bytes.subarray(0, length)) !== undefined) return false
      }
      return true
    }),
    { numRuns: 50 },
  )
  t.pass()
})

/** What a parser says of bytes: undefined where it wants more. */
function verdict(bytes: Buffer): string | undefined {
  try {
    return parse(bytes) === undefined ? undefined : 'read'
  } catch (error) {
    if (error instanceof Miou.ProxyHeaderError) return 'refused'
    throw error
  }
}

test('whatever comes is read, refused, or too short; once told it stays so, and never more than the bound is asked for', (t) => {
  const damaged = fc.tuple(headers, fc.nat(300), fc.nat(255)).map(([{ bytes }, at, value]) => {
    const copy = Buffer.concat([bytes, Buffer.alloc(300)])
    copy[at % bytes.length] = value
    return copy
  })
  const anything = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))
  const seen = new Set<string | undefined>()
  fc.assert(
    fc.property(fc.oneof(damaged, anything), (bytes) => {
      let before: string | undefined
      for (let length = 0; length <= bytes.length; length++) {
        const now = verdict(bytes.subarray(0, length))
        if (before !== undefined && now !== before) return false
        before = now
      }
      seen.add(before)
      return verdict(Buffer.concat([bytes, Buffer.alloc(MOST)])) !== undefined
    }),
  )
  t.true(seen.has('read') && seen.has('refused'))
})

for (const [why, text] of [
  ['that is a request of http', 'GET / HTTP/1.1\r\n'],
  ['of a family that there is not', 'PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n'],
  ['of version 1 in small letters', 'proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n'],
  ['with two blanks', 'PROXY  TCP4 1.2.3.4 1.2.3.4 1 2\r\n'],
  ['with a blank at its end', 'PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n'],
  ['without a port', 'PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n'],
  ['with a port too many', 'PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n'],
  ['with a port that is too large', 'PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n'],
  ['with a port that begins with 0', 'PROXY TCP4 1.2.3.4 1.2.3.4 080 2\r\n'],
  ['with a port below zero', 'PROXY TCP4 1.2.3.4 1.2.3.4 -1 2\r\n'],
  ['with a number of another notation', 'PROXY TCP4 1.2.3.4 1.2.3.4 1e3 2\r\n'],
  ['with an address that begins with 0', 'PROXY TCP4 01.2.3.4 1.2.3.4 1 2\r\n'],
  ['with an address that is too short', 'PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n'],
  ['with an address of the other family', 'PROXY TCP4 ::1 ::1 1 2\r\n'],
  ['with an address that has a zone', 'PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n'],
  ['with a name for an address', 'PROXY TCP4 localhost 1.2.3.4 1 2\r\n'],
  ['that ends with a line feed alone', 'PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n'],
  ['with a carriage return in it', 'PROXY UNKNOWN a\rb\r\n'],
  ['of a line that does not end', `PROXY UNKNOWN ${'x'.repeat(200)}`],
  ['of a word that goes on', 'PROXY UNKNOWNS\r\n'],
  ['of version 3', binary(0x31, 0x11, Buffer.alloc(12))],
  ['with a command that there is not', binary(0x22, 0x11, Buffer.alloc(12))],
  ['of a family of version 2 that there is not', binary(0x21, 0x41, Buffer.alloc(216))],
  ['of a transport that there is not', binary(0x21, 0x13, Buffer.alloc(12))],
  ['without a transport', binary(0x21, 0x10, Buffer.alloc(12))],
  ['that is too short for its addresses', binary(0x21, 0x21, Buffer.alloc(35))],
  ['whose value is cut off', binary(0x21, 0x11, Buffer.alloc(14))],
  [
    'whose value is longer than what is left',
    binary(0x21, 0x11, Buffer.concat([Buffer.alloc(13), Buffer.from([0, 9])])),
  ],
  ['that is longer than the bound', binary(0x20, 0, Buffer.alloc(0), MOST - 15)],
] as [string, string | Buffer][]) {
  test(`a header ${why} is refused`, (t) => {
    refuses(t, () => parse(Buffer.from(text as string)), Miou.ProxyHeaderError, /PROXY protocol/)
  })
}

test('an address is given as the system would write it', (t) => {
  const { header } = parse(Buffer.from('PROXY TCP6 2001:DB8:0:0:0::1 ::FFFF:1.2.3.4 1 0\r\n'))!
  t.deepEqual(header.source, { host: '2001:db8::1', port: 1 })
  t.deepEqual(header.destination, { host: '::ffff:1.2.3.4', port: 0 })
})

onOneDomain('the header is read, a byte at a time too, and what comes after it is read next', function* (t) {
  const [client, server] = yield* connection()
  yield* Unix.write(client, 'PROXY TCP4 192.0.2.1 192.0.2.2 1000 443\r\nhel')
  const { version, source, destination } = yield* Unix.proxyHeader(server)
  t.is(version, 1)
  t.deepEqual(source, { host: '192.0.2.1', port: 1000 })
  t.deepEqual(destination, { host: '192.0.2.2', port: 443 })
  yield* Unix.write(client, 'lo')
  Unix.shutdown(client, 'write')
  t.is((yield* readAll(server)).toString(), 'hello')
  closing(client, server)

  const [slow, end] = yield* connection()
  const reading = Miou.async(() => Unix.proxyHeader(end))
  for (const byte of 'PROXY UNKNOWN\r\n') {
    t.is(reading.state, 'running')
    yield* Unix.write(slow, byte)
    yield* settle()
  }
  t.is((yield* reading).source, undefined)
  closing(slow, end)
})

onOneDomain('a stranger is refused at his first byte, one who leaves before the end is EndOfFile', function* (t) {
  const [client, server] = yield* connection()
  yield* Unix.write(client, 'G')
  yield* throwsIn(t, () => Unix.proxyHeader(server), Miou.ProxyHeaderError)
  closing(client, server)
  const [short, end] = yield* connection()
  yield* Unix.write(short, 'PROXY TCP4')
  Unix.close(short)
  yield* throwsIn(t, () => Unix.proxyHeader(end), Miou.EndOfFile, /after 10 bytes/)
  Unix.close(end)
})

onOneDomain('cancelled at whatever moment, it leaves all bytes to the next reader', function* (t) {
  const text = 'PROXY TCP4 192.0.2.1 192.0.2.2 1000 443\r\nafter'
  for (let moment = 0; moment < 12; moment++) {
    const [client, server] = yield* connection()
    const reading = Miou.async(() => Unix.proxyHeader(server))
    yield* Unix.write(client, text.slice(0, 10))
    for (let i = 0; i < moment; i++) yield* Miou.yield()
    yield* Miou.cancel(reading)
    yield* Unix.write(client, text.slice(10))
    t.is((yield* Unix.proxyHeader(server)).source !== undefined, true)
    Unix.shutdown(client, 'write')
    t.is((yield* readAll(server)).toString(), 'after')
    closing(client, server)
  }
})

onOneDomain('with Ownership it is for the owner; it is for streams', function* (t) {
  const [client, server] = yield* connection()
  refuses(t, () => Unix.Ownership.proxyHeader(server), Miou.NotOwner)
  Miou.Ownership.own(Unix.Ownership.resource(server))
  yield* Unix.write(client, binary(0x20, 0, Buffer.alloc(0)))
  t.is((yield* Unix.Ownership.proxyHeader(server)).version, 2)
  const [udp] = datagrams()
  refuses(t, () => Unix.proxyHeader(udp), Miou.InvalidArgument, /recvfrom/)
  closing(client, server, udp)
})
