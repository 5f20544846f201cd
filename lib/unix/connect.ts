import { constants } from 'node:os'
import { InvalidArgument } from '../errors.js'
import { make, type Operation } from '../operation.js'
import { ready } from '../ready.js'
import { CONNECT, reserve, sendArea } from '../ring.js'
import { SUSPENDED, type Suspension } from '../suspension.js'
import { clearTimer, setTimer, type Timer } from '../timers.js'
import { type Address, encode } from './address.js'
import { type FileDescr, STREAM, valid } from './descriptor.js'
import { DescriptorOp } from './descriptor-op.js'
import { isBlocking } from './number.js'
import { type SocketOptions, setOptions } from './options.js'
import { systemError } from './system-error.js'

/** How long to wait, in ms, for room in the backlog of a Unix-domain listener: the system does not tell when there is. */
const PAUSE = 10

/** Connects a socket. */
class Connect extends DescriptorOp<void> implements Timer {
  readonly label = 'connect(fd, address)'
  deadline = 0
  order = 0
  place = -1

  constructor(
    fd: FileDescr,
    private readonly address: Address,
    private readonly to: Uint8Array,
  ) {
    super(fd)
  }

  protected start(): void {
    const { fd, to } = this
    const at = reserve(to.length)
    sendArea.set(to, at)
    this.submit(CONNECT, fd.index, fd.generation, at, to.length, 0)
  }

  protected override resume(): void {
    if (this.result === -constants.errno.EAGAIN && 'path' in this.address) {
      this.settled = false
      setTimer(this, PAUSE)
    } else ready(this.task)
  }

  elapse(): void {
    ready(this.task)
  }

  protected override proceed(): IteratorResult<Suspension, void> {
    this.start()
    return SUSPENDED
  }

  finish(): void {
    if (this.result < 0) throw systemError(this.result, 'connect', this.address)
  }

  override abort(): void {
    if (this.place >= 0) clearTimer(this)
    else super.abort()
  }

  override describe(): string {
    const { address } = this
    return `connect to ${'path' in address ? address.path : `${address.host}:${address.port}`}`
  }
}

/**
 * Connects a stream socket. Where it is cancelled, or fails, the socket is of no further use: close it and make another.
 *
 * @param options Of the socket, set before it connects.
 * @throws `InvalidArgument` for a datagram socket, one in blocking mode, or a host that is a name (see `resolve`);
 * `Closed`; errors of the system, which carry the address: `ECONNREFUSED`, `EHOSTUNREACH`, `ENOENT`, ...
 * @example
 * const fd = tcpv4()
 * yield* connect(fd, { host: '127.0.0.1', port: 3000 })
 */
export function connect(fd: FileDescr, address: Address, options?: SocketOptions): Operation<void> {
  valid(fd, 'connect(fd, address)')
  if (fd.kind !== STREAM)
    throw new InvalidArgument('connect(fd, address) takes a stream socket: datagrams go by sendto')
  if (isBlocking(fd)) throw new InvalidArgument('connect(fd, address) takes a socket in non-blocking mode')
  const op = new Connect(fd, address, encode(address, 'connect(fd, address)'))
  if (options !== undefined) setOptions(fd, options)
  make(op)
  return op
}
