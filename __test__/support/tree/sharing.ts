import * as Miou from 'miou'
import { FORCED } from './computed.js'
import { deadDomains, passedOn, Rule, type Shared, shareValue, violated } from './ledger.js'
import { type Steps, turns } from './noted.js'

/*
 * Queue, lazy value and computations that the tasks of a random tree share.
 */

/** Puts a value on the queue. */
export function enqueue(shared: Shared): void {
  Miou.Queue.enqueue(shared.queue, shareValue(shared))
}

/** Takes a value off the queue, where there is any. */
export function dequeue(shared: Shared): void {
  try {
    passedOn(shared, Miou.Queue.dequeue(shared.queue))
  } catch (error) {
    if (!(error instanceof Miou.Empty)) throw error
  }
}

/** Forces the lazy value. */
export function* force(shared: Shared): Steps<void> {
  if ((yield* Miou.Lazy.force(shared.lazy)) !== FORCED) violated(shared, Rule.value)
}

/** Has a child complete a computation after some turns, unless somebody else does, and waits until it is complete. */
export function* complete(shared: Shared, cell: number, task: number, count: number): Steps<void> {
  const c = shared.cells[cell]!
  const child = Miou.async(() =>
    Miou.Computation.tryCapture(c, function* () {
      yield* turns(count)
      return cell
    }),
  )
  const result = yield* Miou.Computation.await(c)
  if (result.ok ? result.value !== cell : !excuses(shared, result.error)) violated(shared, Rule.value)
  if (task % 2 === 0) yield* Miou.cancel(child)
  else yield* child
}

/** Whoever was to complete a computation may have been cancelled, or its domain may have died, where one did. */
function excuses(shared: Shared, error: unknown): boolean {
  return error instanceof Miou.Cancelled || (error instanceof Miou.DomainDied && deadDomains(shared).length > 0)
}
