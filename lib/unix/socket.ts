import { rust } from '../domain-thread.js'
import { InvalidArgument } from '../errors.js'
import { type Address, encode } from './address.js'
import { DATAGRAM, type FileDescr, made, STREAM, valid } from './descriptor.js'
import { apply, type SocketOptions, settings } from './options.js'
import { systemError } from './system-error.js'

const INET = 4
const INET6 = 6
const LOCAL = 1

/**
 * A TCP socket over IPv4, whose small writes go out at once.
 *
 * @throws Errors of the system: `EMFILE`, ...
 * @example
 * using fd = tcpv4()
 */
export function tcpv4(): FileDescr {
  return made(rust().socket(INET, false), STREAM, 'socket')
}

/**
 * A TCP socket over IPv6, as `tcpv4`. Bound to `::`, it takes IPv4 too, unless it is `ipv6Only`.
 *
 * @example
 * const listener = tcpv6()
 * bindAndListen(listener, { host: '::', port: 3000 })
 */
export function tcpv6(): FileDescr {
  return made(rust().socket(INET6, false), STREAM, 'socket')
}

/**
 * A stream socket in the file system, as `tcpv4`: its addresses are `{ path }`.
 *
 * @example
 * const fd = unixSocket()
 * yield* connect(fd, { path: '/run/app.sock' })
 */
export function unixSocket(): FileDescr {
  return made(rust().socket(LOCAL, false), STREAM, 'socket')
}

/**
 * A UDP socket over IPv4, as `tcpv4`: for `recvfrom` and `sendto`.
 *
 * @example
 * using fd = udpv4()
 * yield* sendto(fd, 'ping', { host: '127.0.0.1', port: 3000 })
 */
export function udpv4(): FileDescr {
  return made(rust().socket(INET, true), DATAGRAM, 'socket')
}

/**
 * A UDP socket over IPv6, as `udpv4`.
 *
 * @example
 * using fd = udpv6()
 * yield* sendto(fd, 'ping', { host: '::1', port: 3000 })
 */
export function udpv6(): FileDescr {
  return made(rust().socket(INET6, true), DATAGRAM, 'socket')
}

/** How a socket is bound. */
export interface BindOptions extends SocketOptions {
  /** Connections that may wait to be accepted; 511 as in Node. */
  backlog?: number
  /**
   * Whether an address may be bound whose old connections linger: true. Of datagrams nothing lingers, and with this their
   * port may be anybody else's too: false for those.
   */
  reuseaddr?: boolean
  /** Who may bind the address too: other domains of this process (`'process'`), other processes (true), nobody (false). */
  reuseport?: boolean | 'process'
}

const OURS = ['backlog', 'reuseaddr', 'reuseport']

/**
 * Binds a socket to an address and listens on it, unless it is a datagram socket. Port 0 asks for any free port, see
 * `address`. Domains of one process may bind the same address: the system spreads the connections. A Unix-domain socket
 * makes a file, which stays when the socket is closed.
 *
 * @param options How it is bound; and options of the socket, which accepted connections inherit as the system has it.
 * @throws `InvalidArgument`; `Closed`; errors of the system: `EADDRINUSE`, `EADDRNOTAVAIL`, `EACCES`, `ENAMETOOLONG`, ...
 * @example
 * bindAndListen(fd, { host: '127.0.0.1', port: 3000 })
 */
export function bindAndListen(fd: FileDescr, address: Address, options: BindOptions = {}): void {
  valid(fd, 'bindAndListen(fd, address)')
  const own = settings(options, 'bindAndListen', OURS)
  const { backlog = 511, reuseaddr = fd.kind !== DATAGRAM, reuseport = 'process' } = options
  if (!Number.isInteger(backlog) || backlog < 0)
    throw new InvalidArgument('bindAndListen: backlog is a number of connections')
  if (typeof reuseaddr !== 'boolean') throw new InvalidArgument('bindAndListen: reuseaddr is true or false')
  if (reuseport !== 'process' && typeof reuseport !== 'boolean') {
    throw new InvalidArgument("bindAndListen: reuseport is true, false or 'process'")
  }
  const sharing = reuseport === 'process' ? 1 : reuseport ? 2 : 0
  const to = encode(address, 'bindAndListen')
  apply(fd, own)
  const result = rust().bind(fd.index, fd.generation, to, Math.min(backlog, 0x7fffffff), reuseaddr, sharing)
  if (result < 0) throw systemError(result, 'bind', address)
}
