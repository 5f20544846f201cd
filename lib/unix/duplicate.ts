import { rust } from '../domain-thread.js'
import { type FileDescr, made, valid } from './descriptor.js'

/**
 * A second descriptor of the same open file, with a life of its own: the file is open until both are closed. Given to
 * another domain by `call`, it lets that one accept on the same listener, where there is only one to be had.
 *
 * @throws `Closed`; errors of the system: `EMFILE`.
 * @example
 * const [listener] = inherited()
 * const second = duplicate(listener)
 * Miou.call(serve, [second], { pin: 1 })
 */
export function duplicate(fd: FileDescr): FileDescr {
  valid(fd, 'duplicate(fd)')
  return made(rust().duplicate(fd.index, fd.generation), fd.kind, 'fcntl')
}
