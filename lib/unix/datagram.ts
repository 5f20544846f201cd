import { constants } from 'node:os'
import { InvalidArgument } from '../errors.js'
import { make, type Operation } from '../operation.js'
import { releaseBytes, PIECE, RECVFROM, reserve, SENDTO, sendArea } from '../ring.js'
import { type Address, encode, received } from './address.js'
import { receive, send } from './copy.js'
import { DATAGRAM, type FileDescr, valid } from './descriptor.js'
import { DescriptorOp, giveBackTo } from './descriptor-op.js'
import { changed, checkBytes, checkRangeOptions, checkRange, type Range } from './range.js'
import { systemError } from './system-error.js'

/** What `recvfrom` tells of a datagram. */
export interface Received {
  /** Bytes that were copied to the buffer. */
  length: number
  /** Who sent it. */
  from: Address
}

/** Receives a datagram. All of it comes from Rust: what does not fit the buffer is dropped only once its task has seen it. */
class Recvfrom extends DescriptorOp<Received> {
  readonly label = 'recvfrom(fd, buf)'

  constructor(
    fd: FileDescr,
    private readonly buf: Uint8Array,
    private readonly off: number,
    private readonly len: number,
  ) {
    super(fd)
  }

  protected start(): void {
    const { fd } = this
    this.submit(RECVFROM, fd.index, fd.generation, PIECE, 0, 0)
  }

  finish(): Received {
    const { result, a, b, buf, off } = this
    if (result < 0) throw systemError(result, 'recvfrom')
    const length = Math.min(result, this.len)
    if (off + length > buf.length) {
      giveBackTo(this.fd, result, a, b)
      throw changed('recvfrom(fd, buf)', 'the next recvfrom gets the datagram')
    }
    releaseBytes()
    if (length > 0) receive(this.fd, buf, off, a, length)
    const from = received(a + result, b & 255)
    return { length, from }
  }

  protected override giveBack(result: number, a: number, b: number): void {
    giveBackTo(this.fd, result, a, b)
  }
}

/** Sends a datagram. */
class Sendto extends DescriptorOp<number> {
  readonly label = 'sendto(fd, data, to)'
  private readonly length: number
  private shrunk = false

  constructor(
    fd: FileDescr,
    private readonly data: Uint8Array,
    private readonly address: Address,
    private readonly to: Uint8Array,
  ) {
    super(fd)
    this.length = data.length
  }

  protected start(): void {
    const { fd, data, to, length } = this
    if (data.length < length) {
      this.shrunk = true
      this.settle(0, 0, 0)
      return
    }
    const at = reserve(length + to.length)
    send(fd, data, 0, at, length)
    sendArea.set(to, at + length)
    this.submit(SENDTO, fd.index, fd.generation, at, length, to.length)
  }

  finish(): number {
    if (this.shrunk) throw changed('sendto(fd, data, to)', 'nothing was sent')
    if (this.result < 0) throw systemError(this.result, 'sendto', this.address)
    return this.result
  }
}

/** Throws where `fd` is no datagram socket. */
function datagramOf(fd: FileDescr, what: string, instead: string): void {
  valid(fd, what)
  if (fd.kind !== DATAGRAM) throw new InvalidArgument(`${what} is for datagram sockets: use ${instead} on a stream`)
}

/**
 * Waits for one datagram. What does not fit into the range is dropped.
 *
 * @returns How many bytes of it are in `buf`, which may be none, and who sent it.
 * @throws `InvalidArgument` for a range outside of the buffer or a stream; `Closed`; errors of the system.
 * @example
 * const { length, from } = yield* recvfrom(fd, buf)
 * yield* sendto(fd, buf.subarray(0, length), from)
 */
export function recvfrom(fd: FileDescr, buf: Uint8Array, options?: Range): Operation<Received> {
  datagramOf(fd, 'recvfrom(fd, buf)', 'read')
  checkBytes(buf, 'recvfrom(fd, buf)')
  if (options !== undefined) checkRangeOptions(options, 'recvfrom(fd, buf)')
  const off = options?.off ?? 0
  const len = options?.len ?? buf.length - off
  checkRange(buf, off, len, 'recvfrom(fd, buf)')
  const op = new Recvfrom(fd, buf, off, len)
  make(op)
  return op
}

/**
 * Sends one datagram.
 *
 * @param data Bytes, or text that goes out as UTF-8. None is a datagram too.
 * @returns How many bytes were sent: all of them.
 * @throws `InvalidArgument` for a stream, or a host that is a name (see `resolve`); `Closed`; errors of the system:
 * `EMSGSIZE` for more than a datagram holds, `EACCES` for a broadcast that was not allowed, `ENETUNREACH`, ...
 * @example
 * yield* sendto(fd, 'ping', { host: '127.0.0.1', port: 3000 })
 */
export function sendto(fd: FileDescr, data: Uint8Array | string, to: Address): Operation<number> {
  datagramOf(fd, 'sendto(fd, data, to)', 'write')
  const bytes = typeof data === 'string' ? Buffer.from(data) : data
  checkBytes(bytes, 'sendto(fd, data, to)')
  checkRange(bytes, 0, bytes.length, 'sendto(fd, data, to)')
  const encoded = encode(to, 'sendto(fd, data, to)')
  if (bytes.length > PIECE) throw systemError(-constants.errno.EMSGSIZE, 'sendto', to)
  const op = new Sendto(fd, bytes, to, encoded)
  make(op)
  return op
}
