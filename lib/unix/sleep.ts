import { InvalidArgument } from '../errors.js'
import { make, Op, type Operation } from '../operation.js'
import { ready } from '../ready.js'
import { clearTimer, setTimer, type Timer } from '../timers.js'

/** Waits for a time. */
class Sleep extends Op<void> implements Timer {
  readonly label = 'sleep(ms)'
  deadline = 0
  order = 0
  place = -1
  ms = 0

  override get external(): boolean {
    return true
  }

  wait(): void {
    setTimer(this, this.ms)
  }

  elapse(): void {
    ready(this.task)
  }

  abort(): void {
    clearTimer(this)
  }

  finish(): void {}

  override describe(): string {
    return `sleep ${this.ms} ms`
  }
}

/**
 * Waits for `ms` milliseconds on the monotonic clock, at least until the next turn. Sleepers wake in the order of their
 * deadlines.
 *
 * @throws `InvalidArgument` where `ms` is not a number; below zero counts as zero.
 * @example
 * yield* sleep(1000)
 */
export function sleep(ms: number): Operation<void> {
  if (typeof ms !== 'number' || Number.isNaN(ms)) throw new InvalidArgument('sleep takes a number of milliseconds')
  const op = new Sleep()
  make(op)
  op.ms = Math.max(0, ms)
  return op
}
