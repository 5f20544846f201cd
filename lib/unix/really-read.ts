import { rust } from '../domain-thread.js'
import { EndOfFile } from '../errors.js'
import { currentTask, type Operation, Compound, type Suspension } from '../operation.js'
import type { FileDescr } from './descriptor.js'
import { checkBytes, checkRangeOptions, checkRange, type Range } from './range.js'
import { read, streamOf } from './read.js'

const LABEL = 'reallyRead(fd, buf)'

/**
 * Reads until the whole range is filled. Where it is cancelled before, the bytes that it has read go back to the front of
 * the descriptor.
 *
 * @throws `EndOfFile` where the stream ends before; otherwise as `read`.
 * @example
 * const header = new Uint8Array(4)
 * yield* reallyRead(fd, header)
 */
export function reallyRead(fd: FileDescr, buf: Uint8Array, options?: Range): Operation<void> {
  streamOf(fd, LABEL, 'recvfrom')
  checkBytes(buf, LABEL)
  if (options !== undefined) checkRangeOptions(options, LABEL)
  const off = options?.off ?? 0
  const len = options?.len ?? buf.length - off
  checkRange(buf, off, len, LABEL)
  return new Compound(LABEL, () => fill(fd, buf, off, len))
}

function* fill(fd: FileDescr, buf: Uint8Array, off: number, len: number): Generator<Suspension, void> {
  const task = currentTask(LABEL)
  let done = 0
  try {
    while (done < len) {
      const count = yield* read(fd, buf, { off: off + done, len: len - done })
      if (count === 0) throw new EndOfFile(`${LABEL}: the stream ended after ${done} of ${len} bytes`)
      done += count
    }
  } catch (error) {
    // Where the buffer is detached by now, whoever has its memory has the bytes.
    if (error === task.cancelled && done > 0 && fd.index >= 0 && off + done <= buf.length) {
      rust().giveBytesBack(fd.index, fd.generation, buf.subarray(off, off + done))
    }
    throw error
  }
}
