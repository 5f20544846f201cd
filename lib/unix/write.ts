import { make, type Operation } from '../operation.js'
import { PIECE, reserve, WRITE } from '../ring.js'
import { ready } from '../ready.js'
import { SUSPENDED, type Suspension } from '../suspension.js'
import { send } from './copy.js'
import type { FileDescr } from './descriptor.js'
import { DescriptorOp, keep } from './descriptor-op.js'
import { changed, checkBytes, checkRangeOptions, checkRange, type Range } from './range.js'
import { streamOf } from './read.js'
import { systemError } from './system-error.js'

/** Writes all of a range, a piece of at most 64 KiB at a time, each taken when its turn comes. */
export class Write extends DescriptorOp<void> {
  readonly label = 'write(fd, data)'
  data: Uint8Array = NOTHING
  /** From where on it is not yet taken, and where it ends. */
  off = 0
  end = 0
  private error: Error | null = null

  protected start(): void {
    const { fd } = this
    this.settled = false
    if (fd.writing) {
      // What may change before this one's turn comes, as a lent view does, is taken now.
      if (this.end - this.off <= PIECE) this.keep()
      fd.writes ??= []
      fd.writes.push(this)
      return
    }
    fd.writing = true
    this.piece()
  }

  private keep(): void {
    if (this.end > this.data.length) return
    // Not `slice`, which does not copy a Buffer.
    this.data = new Uint8Array(this.data.subarray(this.off, this.end))
    this.end -= this.off
    this.off = 0
  }

  /** Takes the next piece of the user's bytes and submits it. */
  private piece(): void {
    const { fd, data, off } = this
    if (this.end > data.length) {
      this.fail()
      return
    }
    const length = Math.min(this.end - off, PIECE)
    const at = reserve(length)
    send(fd, data, off, at, length)
    this.off = off + length
    this.submit(WRITE, fd.index, fd.generation, at, length, 0)
  }

  private fail(): void {
    this.error = changed('write(fd, data)', 'a prefix may have been written')
    this.settled = true
    this.nextWriter()
    ready(this.task)
  }

  protected override resume(): void {
    if (this.result >= 0 && this.off < this.end) {
      // The next piece is submitted in a slice: that there is room in the ring is known only there.
      this.settled = false
    } else this.nextWriter()
    ready(this.task)
  }

  /** It is its turn to write on. */
  protected override proceed(): IteratorResult<Suspension, void> {
    this.piece()
    return SUSPENDED
  }

  /** The descriptor is free for the write that waits longest. */
  private nextWriter(): void {
    const { fd } = this
    const next = fd.writes === null ? undefined : fd.writes.shift()
    if (next === undefined) fd.writing = false
    else ready(next.task)
  }

  finish(): void {
    const { error, result } = this
    if (error !== null) throw error
    if (result < 0) throw systemError(result, 'write')
  }

  protected override spare(): void {
    this.data = NOTHING
    keep(this, spares)
  }

  override abort(): void {
    if (this.settled) return
    const at = this.fd.writes?.indexOf(this) ?? -1
    if (at >= 0) {
      this.fd.writes!.splice(at, 1)
      return
    }
    super.abort()
    this.nextWriter()
  }
}

const NOTHING = new Uint8Array(0)
const spares: Write[] = []

/**
 * Writes all of `data`, waiting as long as it takes. Writes on one descriptor go one after the other, never mixed. The
 * bytes are taken in pieces of 64 KiB: those of a larger buffer should not change until this returns.
 *
 * @param data Bytes, or text that goes out as UTF-8; `off` and `len` count bytes.
 * @throws `InvalidArgument`; `Closed`; errors of the system: `EPIPE`, `ECONNRESET`, ... Cancelled in the middle, a prefix
 * is written.
 * @example
 * yield* write(fd, 'hello\n')
 */
export function write(fd: FileDescr, data: Uint8Array | string, options?: Range): Operation<void> {
  streamOf(fd, 'write(fd, data)', 'sendto')
  const bytes = typeof data === 'string' ? Buffer.from(data) : data
  checkBytes(bytes, 'write(fd, data)')
  if (options !== undefined) checkRangeOptions(options, 'write(fd, data)')
  const off = options?.off ?? 0
  const len = options?.len ?? bytes.length - off
  checkRange(bytes, off, len, 'write(fd, data)')
  const op = spares.pop() ?? new Write()
  make(op)
  op.fd = fd
  op.data = bytes
  op.off = off
  op.end = off + len
  return op
}
