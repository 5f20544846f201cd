import { InvalidArgument } from '../errors.js'
import { make, type Operation } from '../operation.js'
import { releaseBytes, PIECE, READ } from '../ring.js'
import { receive } from './copy.js'
import { DATAGRAM, type FileDescr, valid } from './descriptor.js'
import { DescriptorOp, giveBackTo, keep } from './descriptor-op.js'
import { changed, checkBytes, checkRangeOptions, checkRange, type Range } from './range.js'
import { systemError } from './system-error.js'

/** Reads into a buffer of the user's: the bytes are copied to it when the task runs on. */
class Read extends DescriptorOp<number> {
  readonly label = 'read(fd, buf)'
  buf: Uint8Array = NOTHING
  off = 0
  len = 0

  protected start(): void {
    const { fd } = this
    this.submit(READ, fd.index, fd.generation, Math.min(this.len, PIECE), 0, 0)
  }

  finish(): number {
    const count = this.result
    const { buf, off, a, b } = this
    if (count <= 0) {
      if (count < 0) throw systemError(count, 'read')
      releaseBytes()
      return 0
    }
    if (off + count > buf.length) {
      giveBackTo(this.fd, count, a, b)
      throw changed('read(fd, buf)', 'the next read gets the bytes')
    }
    // The bytes stay where they are until the next turn. A buffer that lies about its length may throw.
    releaseBytes()
    receive(this.fd, buf, off, a, count)
    return count
  }

  protected override spare(): void {
    this.buf = NOTHING
    keep(this, spares)
  }

  protected override giveBack(result: number, a: number, b: number): void {
    giveBackTo(this.fd, result, a, b)
  }
}

const NOTHING = new Uint8Array(0)
const spares: Read[] = []

/** Throws where `fd` can't be read or written as a stream. */
export function streamOf(fd: FileDescr, what: string, instead: string): void {
  valid(fd, what)
  if (fd.kind === DATAGRAM) throw new InvalidArgument(`${what} is for streams: use ${instead} on a datagram socket`)
}

/**
 * Waits until there are bytes and reads at most `len` of them into `buf`, 64 KiB at the most.
 *
 * @returns How many bytes were read; 0 is the end of the stream (or of the range, where that is empty).
 * @throws `InvalidArgument` for a range outside of the buffer or a datagram socket; `Closed`; errors of the system:
 * `ENOTCONN`, `ECONNRESET`, ... Of a connection that was lost every later read says so again: it never seems to end.
 * @example
 * const buf = new Uint8Array(4096)
 * for (let n = yield* read(fd, buf); n > 0; n = yield* read(fd, buf)) yield* write(fd, buf, { len: n })
 */
export function read(fd: FileDescr, buf: Uint8Array, options?: Range): Operation<number> {
  streamOf(fd, 'read(fd, buf)', 'recvfrom')
  checkBytes(buf, 'read(fd, buf)')
  if (options !== undefined) checkRangeOptions(options, 'read(fd, buf)')
  const off = options?.off ?? 0
  const len = options?.len ?? buf.length - off
  checkRange(buf, off, len, 'read(fd, buf)')
  const op = spares.pop() ?? new Read()
  make(op)
  op.fd = fd
  op.buf = buf
  op.off = off
  op.len = len
  return op
}
