import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { closing, connection, datagrams, onOneDomain } from '../support/loopback.js'
import { refuses } from '../support/refusal.js'

/* Whatever stands where something else should is refused by an error that says so: its own code is never run, nothing is done. */

/** Values that are hard even to show. */
const strange: Record<string, unknown> = {
  'a symbol': Symbol('strange'),
  'a bigint': 1n,
  'what can not be shown': Object.create(null),
  'what throws when it is shown': {
    toString() {
      throw new Error('shown')
    },
  },
  'a revoked proxy': revoked(),
  'not a number': Number.NaN,
  'below zero': -1,
  'a fraction': 0.5,
  endless: Number.POSITIVE_INFINITY,
  'a text': '1',
  nothing: null,
}

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

for (const [what, value] of Object.entries(strange)) {
  onOneDomain(`${what} in place of a number is refused`, function* (t) {
    const given = value as number
    const [client, server] = yield* connection()
    const [udp, to] = datagrams()
    const buf = new Uint8Array(4)
    const uses: (() => unknown)[] = [
      () => Unix.read(server, buf, { off: given }),
      () => Unix.read(server, buf, { len: given }),
      () => Unix.readView(server, { max: given }),
      () => Unix.reallyRead(server, buf, { off: given }),
      () => Unix.write(client, buf, { off: given }),
      () => Unix.write(client, 'text', { len: given }),
      () => Unix.recvfrom(udp, buf, { off: given }),
      () => Unix.sendto(udp, buf, { ...to, port: given }),
      () => Unix.connect(client, { ...to, port: given }),
      () => Unix.bindAndListen(client, { ...to, port: given }),
      () => Unix.ofFileDescr(given),
      () => Unix.setOptions(client, { noDelay: given as never }),
      () => Unix.shutdown(client, given as never),
      () => Unix.sysSignal(given as never, 'default'),
    ]
    for (const use of uses) refuses(t, use, Miou.InvalidArgument)
    closing(client, server, udp)
  })
}

onOneDomain('options that are none are refused, as a place in a buffer that stands where they should', function* (t) {
  const [client, server] = yield* connection()
  const [udp] = datagrams()
  const buf = new Uint8Array(4)
  for (const options of [0, 2, '', 'x', true, 1n, Symbol('x'), () => {}, null] as never[]) {
    refuses(t, () => Unix.read(server, buf, options), Miou.InvalidArgument, /options are an object/)
    refuses(t, () => Unix.readView(server, options), Miou.InvalidArgument, /options are an object/)
    refuses(t, () => Unix.reallyRead(server, buf, options), Miou.InvalidArgument, /options are an object/)
    refuses(t, () => Unix.write(client, buf, options), Miou.InvalidArgument, /options are an object/)
    refuses(t, () => Unix.recvfrom(udp, buf, options), Miou.InvalidArgument, /options are an object/)
    refuses(t, () => Unix.accept(client, options), Miou.InvalidArgument, /options are an object/)
    refuses(t, () => Unix.resolve('localhost', options), Miou.InvalidArgument, /options are an object/)
    refuses(t, () => Unix.ofFileDescr(1_000, options), Miou.InvalidArgument, /options are an object/)
  }
  closing(client, server, udp)
})

onOneDomain('a host with a zero in it is no host, for the system would take what stands before', function* (t) {
  refuses(t, () => Unix.resolve('127.0.0.1\0.example'), Miou.InvalidArgument, /name of a host/)
  const fd = Unix.tcpv4()
  refuses(t, () => Unix.connect(fd, { host: '127.0.0.1\0', port: 1 }), Miou.InvalidArgument, /literal/)
  refuses(t, () => Unix.connect(fd, { path: '/tmp/socket\0' }), Miou.InvalidArgument, /path/)
  Unix.close(fd)
})
