import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { closing, connection, onOneDomain } from '../support/loopback.js'
import { hasIPv6 } from '../support/machine.js'
import { refuses } from '../support/refusal.js'

onOneDomain('the ends of a connection know their own address and that of the other', function* (t) {
  const [client, server] = yield* connection()
  t.deepEqual(Unix.address(client), Unix.peer(server))
  t.deepEqual(Unix.peer(client), Unix.address(server))
  closing(client, server)
})

onOneDomain('port 0 becomes the port that the system chose', function* (t) {
  for (const [make, host] of [
    [Unix.tcpv4, '127.0.0.1'],
    [Unix.udpv4, '127.0.0.1'],
    [Unix.tcpv6, '::1'],
    [Unix.udpv6, '::'],
  ] as const) {
    if (host.includes(':') && !hasIPv6(t)) continue
    const fd = make()
    Unix.bindAndListen(fd, { host, port: 0 })
    const address = Unix.address(fd) as { host: string; port: number }
    t.is(address.host, host)
    t.true(address.port > 0)
    Unix.close(fd)
  }
})

onOneDomain('a socket that is not bound has no port, a path no name, and what is not connected no peer', function* (t) {
  const [make, host] = hasIPv6(t) ? [Unix.tcpv6, '::'] : [Unix.tcpv4, '0.0.0.0']
  const [tcp, path] = [make(), Unix.unixSocket()]
  t.deepEqual(Unix.address(tcp), { host, port: 0 })
  t.deepEqual(Unix.address(path), { path: '' })
  for (const fd of [tcp, path]) {
    const error = t.throws<Unix.SystemError>(() => Unix.peer(fd))
    t.is(error.code, 'ENOTCONN')
    t.is(error.syscall, 'getpeername')
  }
  closing(tcp, path)
  refuses(t, () => Unix.address(tcp), Miou.Closed)
})
