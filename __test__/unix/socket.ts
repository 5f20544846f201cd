import net from 'node:net'
import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { closing, connection, listening, onOneDomain } from '../support/loopback.js'
import { hasIPv6 } from '../support/machine.js'
import { promptly } from '../support/promptly.js'
import { refuses } from '../support/refusal.js'
import { promised } from '../support/waiting.js'

const loopback = { host: '127.0.0.1', port: 0 }

/** The code of the error that a call throws; undefined where it throws none. */
function codeOf(call: () => void): string | undefined {
  try {
    call()
    return undefined
  } catch (error) {
    return (error as Unix.SystemError).code
  }
}

onOneDomain('domains of one process may bind one address, which is the default', function* (t) {
  const [first, address] = listening()
  const [second] = [Unix.tcpv4()]
  Unix.bindAndListen(second, address)
  t.deepEqual(Unix.address(second), address)
  closing(first, second)
})

onOneDomain('with reuseport false nobody may bind the address too, nor where somebody is', function* (t) {
  const [first, address] = listening({ reuseport: false })
  const second = Unix.tcpv4()
  t.is(
    codeOf(() => Unix.bindAndListen(second, address)),
    'EADDRINUSE',
  )
  t.is(
    codeOf(() => Unix.bindAndListen(second, address, { reuseport: false })),
    'EADDRINUSE',
  )
  t.is(
    codeOf(() => Unix.bindAndListen(second, address, { reuseport: true })),
    'EADDRINUSE',
  )
  closing(first, second)
  const [shared, taken] = listening()
  const third = Unix.tcpv4()
  t.is(
    codeOf(() => Unix.bindAndListen(third, taken, { reuseport: false })),
    'EADDRINUSE',
  )
  closing(shared, third)
})

onOneDomain('an address that a stranger listens on is EADDRINUSE, and free again once it is gone', function* (t) {
  const server = net.createServer()
  yield* promised(new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
  const { port } = server.address() as net.AddressInfo
  const fd = Unix.tcpv4()
  const error = t.throws<Unix.SystemError>(() => Unix.bindAndListen(fd, { host: '127.0.0.1', port }))
  t.is(error.code, 'EADDRINUSE')
  t.is(error.syscall, 'bind')
  t.is(error.port, port)
  yield* promised(new Promise((resolve) => server.close(resolve)))
  Unix.bindAndListen(fd, { host: '127.0.0.1', port })
  Unix.close(fd)
})

onOneDomain('an address that this machine does not have is EADDRNOTAVAIL', function* (t) {
  const fd = Unix.tcpv4()
  t.is(
    codeOf(() => Unix.bindAndListen(fd, { host: '192.0.2.1', port: 0 })),
    'EADDRNOTAVAIL',
  )
  Unix.close(fd)
})

onOneDomain('options of the wrong kind are refused', function* (t) {
  const fd = Unix.tcpv4()
  const wrong = [
    { backlog: -1 },
    { backlog: 1.5 },
    { reuseport: 'yes' },
    { reuseaddr: 1 },
    { noDelay: 1 },
    { noSuch: true },
  ]
  for (const options of wrong)
    refuses(t, () => Unix.bindAndListen(fd, loopback, options as never), Miou.InvalidArgument)
  refuses(t, () => Unix.bindAndListen(fd, loopback, null as never), Miou.InvalidArgument)
  refuses(t, () => Unix.bindAndListen(fd, { host: 'localhost', port: 0 }), Miou.InvalidArgument, /resolve/)
  refuses(t, () => Unix.bindAndListen(undefined as never, loopback), Miou.InvalidArgument)
  Unix.bindAndListen(fd, loopback)
  Unix.close(fd)
})

onOneDomain('with ipv6Only, IPv4 has the port for itself; without, IPv6 takes both', function* (t) {
  if (!hasIPv6(t)) return
  const six = Unix.tcpv6()
  Unix.bindAndListen(six, { host: '::', port: 0 }, { ipv6Only: true })
  const { port } = Unix.address(six) as { port: number }
  const four = Unix.tcpv4()
  Unix.bindAndListen(four, { host: '0.0.0.0', port })
  closing(six, four)

  const both = Unix.tcpv6()
  Unix.bindAndListen(both, { host: '::', port: 0 })
  const client = Unix.tcpv4()
  yield* Unix.connect(client, { host: '127.0.0.1', port: (Unix.address(both) as { port: number }).port })
  const [server, peer] = yield* Unix.accept(both)
  t.is((peer as { host: string }).host, '::ffff:127.0.0.1')
  closing(both, client, server)
})

onOneDomain('small writes go out at once: a byte there and back takes no 40 ms', function* (t) {
  const [client, server] = yield* connection()
  const buf = Buffer.alloc(1)
  yield* promptly(t, 400, function* () {
    for (let i = 0; i < 20; i++) {
      yield* Unix.write(client, 'x')
      yield* Unix.write(client, 'y')
      yield* Unix.reallyRead(server, buf)
      yield* Unix.reallyRead(server, buf)
      yield* Unix.write(server, 'z')
      yield* Unix.reallyRead(client, buf)
    }
  })
  closing(client, server)
})

onOneDomain('every kind of socket is a descriptor of its own, in non-blocking mode', function* (t) {
  const makers = [Unix.tcpv4, Unix.unixSocket, Unix.udpv4, ...(hasIPv6(t) ? [Unix.tcpv6, Unix.udpv6] : [])]
  const fds = makers.map((make) => make())
  t.is(new Set(fds.map(Unix.toFileDescr)).size, makers.length)
  closing(...fds)
})
