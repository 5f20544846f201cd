import { rust } from '../domain-thread.js'
import { InvalidArgument } from '../errors.js'
import { make, type Operation } from '../operation.js'
import { acquire } from '../resource.js'
import { ACCEPT, releaseBytes } from '../ring.js'
import { type Address, received } from './address.js'
import { FileDescr, resourceOf, shut, STREAM, valid } from './descriptor.js'
import { DescriptorOp, keep } from './descriptor-op.js'
import { apply, type Settings, type SocketOptions, settings } from './options.js'
import { type SystemError, systemError } from './system-error.js'

/** Accepts a connection. */
class Accept extends DescriptorOp<[FileDescr, Address]> {
  readonly label = 'accept(fd)'
  /** Whether its task owns the connection. */
  owned = false
  settings: Settings | null = null

  protected start(): void {
    this.submit(ACCEPT, this.fd.index, this.fd.generation, 0, 0, 0)
  }

  finish(): [FileDescr, Address] {
    const { result, a, b, task } = this
    if (result < 0) throw systemError(result, 'accept')
    const peer = received(b >> 8, b & 255)
    releaseBytes()
    const connection = new FileDescr(result, a, STREAM, task.run)
    if (this.settings !== null) prepare(connection, this.settings)
    if (this.owned) acquire(resourceOf(connection), task)
    return [connection, peer]
  }

  protected override spare(): void {
    this.settings = null
    keep(this, spares)
  }

  /** A connection that nobody saw goes to the next `accept`; it is closed where the listener is. */
  protected override giveBack(result: number, a: number, b: number): void {
    if (result < 0) return
    rust().giveBackConnection(this.fd.index, this.fd.generation, result, a, b >> 8, b & 255)
    releaseBytes()
  }
}

const spares: Accept[] = []

/** Sets the options of a new connection. One that has been reset meanwhile takes none: its reader will hear of that. */
function prepare(connection: FileDescr, list: Settings): void {
  try {
    apply(connection, list)
  } catch (error) {
    if ((error as SystemError).code === 'EINVAL') return
    shut(connection)
    throw error
  }
}

/** `accept`, whose connection the current task owns, or not. */
export function accepting(fd: FileDescr, owned: boolean, options?: SocketOptions): Operation<[FileDescr, Address]> {
  valid(fd, 'accept(fd)')
  if (fd.kind !== STREAM) throw new InvalidArgument('accept(fd) takes a listening stream socket')
  const list = options === undefined ? null : settings(options, 'accept(fd, options)')
  const op = spares.pop() ?? new Accept()
  make(op)
  op.fd = fd
  op.owned = owned
  op.settings = list
  return op
}

/**
 * Waits for a client and accepts it. Where the process has no descriptor left, it waits on until there is one.
 *
 * @param options Of the connection.
 * @returns The connection and the client's address.
 * @throws `InvalidArgument` for a datagram socket; `Closed`; errors of the system.
 * @example
 * const [client, { host }] = yield* accept(listener)
 */
export function accept(fd: FileDescr, options?: SocketOptions): Operation<[FileDescr, Address]> {
  return accepting(fd, false, options)
}
