import type { Duplex } from 'node:stream'
import { type Awaiting, tokenFor } from '../io.js'
import { schedule } from '../ready.js'
import { CLOSED, releaseBytes, makeRoom, PIECE, READ, receiveArea, reserve, sendArea, submit, WRITE } from '../ring.js'
import type { FileDescr } from '../unix/descriptor.js'
import { systemError } from '../unix/system-error.js'

/*
 * The two sides of a stream of Node's over a descriptor, each with at most one operation in the core. No task waits for it: its
 * completion calls the stream.
 */

/** The stream that they are sides of. */
export interface Stream extends Duplex {
  /** Bytes received. */
  bytesRead: number
  /** Bytes handed to the system. */
  bytesWritten: number
  /** Something was read or written: the time that it may be idle begins anew. */
  touch(): void
}

/** How Node is told that what it asked for is done, or has failed. */
export type Done = (error?: Error | null) => void

/** What `_writev` is given. */
export interface Chunk {
  chunk: Buffer
}

/** What code that is not ours threw must not reach the turn that it was called in. */
function throwLater(error: unknown): void {
  process.nextTick(() => {
    throw error
  })
}

/** The reading side: as long as the stream wants more, one read waits in the core. */
export class Reads implements Awaiting {
  private reading = false

  constructor(
    private readonly stream: Stream,
    private readonly fd: FileDescr,
  ) {}

  begin(): void {
    if (this.reading || this.fd.index < 0) return
    this.reading = true
    makeRoom(0)
    submit(READ, tokenFor(this), this.fd.index, this.fd.generation, PIECE, 0, 0)
    schedule()
  }

  settle(result: number, offset: number): void {
    this.reading = false
    let chunk: Buffer | null = null
    if (result > 0) {
      chunk = Buffer.allocUnsafe(result)
      receiveArea.copy(chunk, 0, offset, offset + result)
    }
    if (result >= 0) releaseBytes()
    const { stream } = this
    if (stream.destroyed) return
    if (result < 0) {
      stream.destroy(result === CLOSED ? undefined : systemError(result, 'read'))
      return
    }
    stream.bytesRead += result
    stream.touch()
    let more = true
    try {
      more = stream.push(chunk)
    } catch (error) {
      // Where the process outlives that, the stream does too, as that of node:net: it hears of its end, and is closed then.
      throwLater(error)
    }
    if (more && chunk !== null) this.begin()
  }
}

/** The writing side: what the stream hands over goes out a piece of at most 64 KiB at a time. */
export class Writes implements Awaiting {
  private chunks: Chunk[] = []
  /** Bytes that are not taken yet. */
  private left = 0
  /** The chunk that is next, and how much of it was taken. */
  private at = 0
  private off = 0
  private done: Done = () => {}

  constructor(
    private readonly stream: Stream,
    private readonly fd: FileDescr,
  ) {}

  begin(chunks: Chunk[], done: Done): void {
    this.chunks = chunks
    this.left = 0
    for (const { chunk } of chunks) this.left += chunk.length
    this.at = 0
    this.off = 0
    this.done = done
    this.piece()
  }

  /** Takes as many bytes as go into a piece, out of as many chunks as it takes. */
  private piece(): void {
    const length = Math.min(this.left, PIECE)
    const start = reserve(length)
    for (let end = start; end < start + length; ) {
      const { chunk } = this.chunks[this.at]!
      const count = chunk.copy(sendArea, end, this.off, Math.min(chunk.length, this.off + start + length - end))
      end += count
      this.off += count
      if (this.off === chunk.length) {
        this.at++
        this.off = 0
      }
    }
    this.left -= length
    submit(WRITE, tokenFor(this), this.fd.index, this.fd.generation, start, length, 0)
    schedule()
  }

  settle(result: number): void {
    const { stream, done } = this
    if (result >= 0) {
      stream.bytesWritten += result
      stream.touch()
      if (this.left > 0 && !stream.destroyed) {
        this.piece()
        return
      }
    }
    this.chunks = []
    try {
      done(result < 0 && result !== CLOSED ? systemError(result, 'write') : null)
    } catch (error) {
      throwLater(error)
    }
  }
}
