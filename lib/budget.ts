import { here } from './here.js'
import { make, Op, type Operation } from './operation.js'

/** Switches where the budget of the slice is spent, and does nothing else. */
class Turn extends Op<void> {
  readonly label = 'a turn'

  override attempt(): boolean {
    return true
  }

  wait(): void {}

  abort(): void {}

  finish(): void {}
}

/**
 * Counts an operation that is written out of others, of which it may perform none: a loop of such would starve the other
 * tasks. Says whether these are to run first.
 *
 * @example
 * if (spent()) yield* turn()
 */
export function spent(): boolean {
  return --here.budget < 0
}

/** Lets others run first. It throws `Cancelled` only where that comes meanwhile. */
export function turn(): Operation<void> {
  const op = new Turn()
  make(op)
  return op
}
