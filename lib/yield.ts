import { keep, make, Op, type Operation } from './operation.js'
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
    keep(this, spares)
  }
}

const spares: Yield[] = []

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
  const op = spares.pop() ?? new Yield()
  make(op)
  return op
}
