import { InvalidArgument } from '../errors.js'
import { make, type Operation } from '../operation.js'
import { releaseBytes, PIECE, READ } from '../ring.js'
import { lendBytes } from './copy.js'
import type { FileDescr } from './descriptor.js'
import { DescriptorOp, giveBackTo, keep } from './descriptor-op.js'
import { checkObject } from '../check-object.js'
import { streamOf } from './read.js'
import { systemError } from './system-error.js'
import { shown } from '../shown.js'

/** Reads, and lends the bytes to its task where they lie. */
class ReadView extends DescriptorOp<Uint8Array> {
  readonly label = 'readView(fd)'
  max = PIECE

  protected start(): void {
    const { fd } = this
    this.submit(READ, fd.index, fd.generation, this.max, 0, 0)
  }

  finish(): Uint8Array {
    const count = this.result
    if (count > 0) return lendBytes(this.task, this.a, count)
    if (count < 0) throw systemError(count, 'read')
    releaseBytes()
    return END
  }

  protected override spare(): void {
    keep(this, spares)
  }

  protected override giveBack(result: number, a: number, b: number): void {
    giveBackTo(this.fd, result, a, b)
  }
}

const END = new Uint8Array(0)
const spares: ReadView[] = []

/**
 * Waits until there are bytes and lends them, not copied: a view of the memory that this domain receives into, good until
 * the next operation of this task takes effect. `write` may be that operation. Copy what is to be kept; a view that is the
 * result of a task is copied, and so is one in arrays and plain objects of a result.
 *
 * @param options `max`: most bytes, from 1 to 64 KiB, which it is where left out.
 * @returns The bytes; none is the end of the stream.
 * @throws `InvalidArgument` for a datagram socket; `Closed`; errors of the system.
 * @example
 * for (let view = yield* readView(fd); view.length > 0; view = yield* readView(fd)) yield* write(fd, view)
 */
export function readView(fd: FileDescr, options?: { max?: number }): Operation<Uint8Array> {
  streamOf(fd, 'readView(fd)', 'recvfrom')
  if (options !== undefined) checkObject(options, 'readView(fd)')
  const max = options?.max === undefined ? PIECE : options.max
  if (!Number.isInteger(max) || max < 1)
    throw new InvalidArgument(`readView(fd): max is a number of bytes from 1 on, not ${shown(max)}`)
  const op = spares.pop() ?? new ReadView()
  make(op)
  op.fd = fd
  op.max = Math.min(max, PIECE)
  return op
}
