import { await_ } from './await.js'
import { spent, turn } from './budget.js'
import { callAt } from './call.js'
import { cancel } from './cancel.js'
import { InvalidArgument } from './errors.js'
import { callable } from './members.js'
import { Compound, currentTask, type Operation, type Suspension } from './operation.js'
import { referenceOf } from './portable.js'
import type { Result, TaskRecord } from './task.js'

/**
 * Calls `fn` once for each item, spread over the other domains in turn, and waits for all: the results are in the order of
 * the items. Domain 0 takes part only where the same work is spawned there with `async`.
 *
 * @throws `NoDomainAvailable`, not for an empty list; `InvalidArgument` for what can't cross.
 * @example
 * const here = Miou.async(() => serve(port))
 * const there = yield* Miou.parallel(serve, new Array(Miou.Domain.available()).fill(port))
 * yield* here
 */
export function parallel<I, T>(fn: (item: I) => Operation<T>, items: readonly I[]): Operation<Result<T>[]> {
  const reference = referenceOf(fn)
  if (reference === undefined) {
    throw new InvalidArgument(
      'parallel takes a portable function: const f = portable(import.meta, function* ...) at the top of its module',
    )
  }
  if (!Array.isArray(items)) throw new InvalidArgument('parallel takes an array with an item for each task')
  return new Compound('parallel(fn, items)', function* (): Generator<Suspension, Result<T>[]> {
    if (spent()) yield* turn()
    if (items.length === 0) return []
    const parent = currentTask('parallel(fn, items)')
    const places = callable(parent)
    const tasks: TaskRecord[] = []
    try {
      for (let i = 0; i < items.length; i++)
        tasks.push(callAt(parent, reference, [items[i]], {}, places[i % places.length]!))
    } catch (error) {
      for (const task of tasks) yield* cancel(task)
      throw error
    }
    const results: Result<unknown>[] = []
    for (const task of tasks) results.push(yield* await_(task))
    return results as Result<T>[]
  })
}
