import { make, NO_TASK, Op, type Operation, SPARES } from './operation.js'
import { ready } from './ready.js'
import { trace, tracing } from './trace.js'

/** Lets others run. */
class Yield extends Op<void> {
  readonly label = 'yield()'

  wait(): void {
    if (tracing.on) trace('yield', this.task)
    ready(this.task)
  }

  override get traced(): boolean {
    return true
  }

  abort(): void {}

  finish(): void {}

  override recycle(): void {
    this.task = NO_TASK
    if (pool.length < SPARES) pool.push(this)
  }
}

const pool: Yield[] = []

/**
 * Goes to the end of the queue: every task that can run does so before this one goes on.
 *
 * @example
 * for (const item of items) {
 *   work(item)
 *   yield* Miou.yield()
 * }
 */
export function yield_(): Operation<void> {
  const op = pool.pop() ?? new Yield()
  make(op)
  return op
}
