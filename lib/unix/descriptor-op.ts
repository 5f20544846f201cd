import { rust } from '../domain-thread.js'
import { here } from '../here.js'
import { RingOp, release } from '../io.js'
import { takeBack } from '../lent.js'
import { keep as keepOp } from '../operation.js'
import { CLOSED, COMPLETED, completionAt, releaseBytes, NOBODY, retract, words } from '../ring.js'
import { ANSWER, IDLE, MADE, SUSPENDED, type Suspension, WAITING } from '../suspension.js'
import type { FileDescr } from './descriptor.js'

/** Stands where an operation that nobody uses had its descriptor. */
const NO_DESCRIPTOR = null as unknown as FileDescr

/**
 * An operation on a descriptor: it always suspends. Its descriptor is in use from when it begins to wait until its task
 * has seen how it ended, or is cancelled: what it got may have to go back there.
 */
export abstract class DescriptorOp<T> extends RingOp<T> {
  constructor(public fd: FileDescr = NO_DESCRIPTOR) {
    super()
  }

  override get external(): boolean {
    return true
  }

  override wait(): void {
    this.fd.users++
    this.start()
  }

  /** Submits the operation, or has it wait for its turn. */
  protected abstract start(): void

  /** As in the base, which has too many kinds of operation below it for its calls to be inlined (0.1 us a message). */
  override next(): IteratorResult<Suspension, T> {
    const { task } = this
    if (this.phase === WAITING) {
      if (here.last === this) this.spun()
      if (!this.settled) return this.proceed()
      task.op = null
      this.phase = IDLE
      this.fd.users--
      ANSWER.value = this.finish()
      this.spare()
      return ANSWER as IteratorReturnResult<T>
    }
    if (this.phase !== MADE || here.budget <= 0 || task.cancelled !== null) return super.next()
    if (here.lent !== 0) takeBack(task)
    here.budget--
    this.phase = WAITING
    task.op = this
    here.last = this
    this.wait()
    return SUSPENDED
  }

  /** Its task has what it gave. It may be made into another one, see `keep`; one that was cancelled may not. */
  protected spare(): void {}

  /** Its task runs while its completion has not come: those of several pieces submit the next one. */
  protected proceed(): IteratorResult<Suspension, T> {
    return SUSPENDED
  }

  override interrupt(): void {
    if (this.phase === WAITING) this.fd.users--
    super.interrupt()
  }

  /** One that nothing has carried out leaves what there is where it is: another one behind it would get what follows. */
  protected withdraw(token: number): boolean {
    return retract(token) || rust().withdraw(this.fd.index, this.fd.generation, token)
  }

  /**
   * Its completion lies in the ring, where no turn has looked at it: what was given goes back at once. Whoever asks next
   * does so before that turn, and must not get what came after.
   */
  protected override late(token: number): void {
    for (let i = words[COMPLETED] - 1; i >= 0; i--) {
      const at = completionAt(i)
      if (words[at] !== token) continue
      words[at] = NOBODY
      release(token)
      this.giveBack(words[at + 1], words[at + 2], words[at + 3])
      return
    }
    // The ring was full. Until the completion is in it, the descriptor can't go where nothing can be given back to it.
    this.fd.users++
    super.late(token)
  }

  protected override leftover(result: number, a: number, b: number): void {
    this.fd.users--
    this.giveBack(result, a, b)
  }

  /** What was given goes back to the descriptor, for the next operation on it. Nothing, where it only sends. */
  protected giveBack(_result: number, _a: number, _b: number): void {}
}

/**
 * What was read or received and nobody saw goes back to where it stood, by the words of its completion; and so does an
 * error: after a reset the system would tell the next reader that the stream has ended well.
 */
export function giveBackTo(fd: FileDescr, result: number, a: number, b: number): void {
  if (result === CLOSED) return
  if (fd.index >= 0) rust().giveBack(fd.index, fd.generation, result, a, b)
  if (result >= 0) releaseBytes()
}

/** Keeps an operation for the next one of its kind, without its descriptor, which would live as long as nobody does the like. */
export function keep<T extends DescriptorOp<unknown>>(op: T, spares: T[]): void {
  op.fd = NO_DESCRIPTOR
  keepOp(op, spares)
}
