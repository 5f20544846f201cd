import { constants } from 'node:os'
import { rust } from '../domain-thread.js'
import { InvalidArgument } from '../errors.js'
import { type FileDescr, made, valid } from './descriptor.js'
import { checkObject } from '../check-object.js'
import { systemError } from './system-error.js'
import { shown } from '../shown.js'

/** Descriptors in blocking mode. */
const blocking = new WeakSet<FileDescr>()

/** Whether a descriptor was taken over in blocking mode. */
export function isBlocking(fd: FileDescr): boolean {
  return blocking.has(fd)
}

/**
 * Takes over a descriptor of the process, by its number: a pipe, a terminal, a socket that was inherited. It belongs to
 * this domain from then on, and nobody else may close it; 0, 1 and 2 are left open where it is closed.
 *
 * @param options `nonBlocking`: whether it is put in non-blocking mode; true. That mode is shared with every process that
 * has the same pipe or terminal open; with false an operation waits until it would not block.
 * @throws `InvalidArgument` where it is no number, or for a socket that carries neither a stream nor datagrams; `EBADF`
 * where it is not open; `EBUSY` where a domain of this process holds it already.
 * @example
 * const input = ofFileDescr(0)
 * const listener = ofFileDescr(3) // the first that systemd hands over
 */
export function ofFileDescr(fd: number, options?: { nonBlocking?: boolean }): FileDescr {
  if (!Number.isInteger(fd) || fd < 0 || fd > 0x7fffffff) {
    throw new InvalidArgument(`ofFileDescr(fd) takes the number of a descriptor, not ${shown(fd)}`)
  }
  if (options !== undefined) checkObject(options, 'ofFileDescr(fd)')
  const { nonBlocking = true } = options ?? {}
  if (typeof nonBlocking !== 'boolean') throw new InvalidArgument('ofFileDescr(fd): nonBlocking is true or false')
  const result = rust().adopt(fd, nonBlocking)
  if (result === -constants.errno.EPROTONOSUPPORT) {
    throw new InvalidArgument('ofFileDescr(fd): a socket that carries neither a stream nor datagrams is of no use here')
  }
  if (result < 0) throw systemError(result, 'fcntl')
  const taken = made(result >> 2, result & 3, 'fcntl')
  if (!nonBlocking) blocking.add(taken)
  return taken
}

/**
 * The number that the system knows a descriptor by, which stays the property of this domain: it is closed with `close`.
 *
 * @throws `Closed`.
 * @example
 * fs.fstatSync(toFileDescr(fd)).isSocket()
 */
export function toFileDescr(fd: FileDescr): number {
  valid(fd, 'toFileDescr(fd)')
  const result = rust().number(fd.index, fd.generation)
  if (result < 0) throw systemError(result, 'fcntl')
  return result
}
