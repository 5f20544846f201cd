import { rust } from '../domain-thread.js'
import { InvalidArgument } from '../errors.js'
import { type FileDescr, valid } from './descriptor.js'
import { systemError } from './system-error.js'
import { shown } from '../shown.js'

const SIDES = ['read', 'write', 'both'] as const

/**
 * Ends one side of a connection, or both: after `'write'` the peer reads the end of the stream, while this side may still
 * read. What was written before is delivered. The descriptor is still to be closed.
 *
 * @param how Which side; both where it is left out.
 * @throws `InvalidArgument`; `Closed`; `ENOTCONN`, `ENOTSOCK`.
 * @example
 * yield* write(fd, request)
 * shutdown(fd, 'write')
 */
export function shutdown(fd: FileDescr, how: 'read' | 'write' | 'both' = 'both'): void {
  valid(fd, 'shutdown(fd)')
  const side = SIDES.indexOf(how)
  if (side < 0) throw new InvalidArgument(`shutdown(fd, how): how is 'read', 'write' or 'both', not ${shown(how)}`)
  const result = rust().shutdown(fd.index, fd.generation, side)
  if (result < 0) throw systemError(result, 'shutdown')
}
