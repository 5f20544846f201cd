import { rust } from '../domain-thread.js'
import { type Address, decode } from './address.js'
import { type FileDescr, valid } from './descriptor.js'
import { systemError } from './system-error.js'

function name(fd: FileDescr, peer: boolean): Address {
  const bytes = rust().name(fd.index, fd.generation, peer)
  if (typeof bytes === 'number') throw systemError(bytes, peer ? 'getpeername' : 'getsockname')
  return decode(bytes, 0, bytes.length)
}

/**
 * The address that a socket is bound to: after `bindAndListen` to port 0, the port that the system chose. A Unix-domain
 * socket without a name has the empty path.
 *
 * @throws `Closed`; `ENOTSOCK`.
 * @example
 * bindAndListen(fd, { host: '127.0.0.1', port: 0 })
 * const { port } = address(fd)
 */
export function address(fd: FileDescr): Address {
  valid(fd, 'address(fd)')
  return name(fd, false)
}

/**
 * The address of the other end of a connection.
 *
 * @throws `Closed`; `ENOTCONN`, `ENOTSOCK`.
 * @example
 * console.log('connected to', peer(fd))
 */
export function peer(fd: FileDescr): Address {
  valid(fd, 'peer(fd)')
  return name(fd, true)
}
