import { enter } from './body.js'
import { spent, turn } from './budget.js'
import { abortSignalOf, cancelTree } from './cancellation.js'
import { discard } from './discard.js'
import { InvalidArgument } from './errors.js'
import { currentTask, Compound, type Operation, type Suspension } from './operation.js'
import { type Body, SHIELDED, type TaskRecord } from './task.js'

/**
 * Runs `body` with cancellation suspended: operations wait as usual, and so do children that are spawned in it. For
 * clean-up that must wait. A cancel that arrives meanwhile is thrown at the end of the shield.
 *
 * @example
 * try { yield* serve(client) } finally { yield* Miou.shield(function* () { yield* Unix.write(client, 'bye\n') }) }
 */
export function shield<T>(body: Body<T>): Operation<T> {
  if (typeof body !== 'function') throw new InvalidArgument('shield takes a function* that is its body')
  return new Compound('shield(body)', () => shielded(body))
}

function* shielded<T>(body: Body<T>): Generator<Suspension, T> {
  const task = currentTask('shield(body)')
  const before = task.cancelled
  task.shields++
  let value: T
  try {
    if (spent()) yield* turn()
    value = yield* enter(body, 'shield')
  } finally {
    task.shields--
    if (task.shields === 0) {
      if (task.cancelled === null) unshieldChildren(task)
      else cancelShielded(task)
    }
  }
  if (task.shields === 0 && task.cancelled !== before) {
    discard(value)
    throw task.cancelled
  }
  return value
}

/** A shield is over: the children that it kept are as any others, and older than the next one. They are the newest. */
function unshieldChildren(task: TaskRecord): void {
  for (let child = task.children; child !== null && child.flags & SHIELDED; child = child.older)
    child.flags &= ~SHIELDED
}

/** The shield of a cancelled task is over: it and the children that it kept meet their `Cancelled` now. */
function cancelShielded(task: TaskRecord): void {
  abortSignalOf(task)
  for (let child = task.children; child !== null; child = child.older) {
    if (child.flags & SHIELDED) cancelTree(child, task.cancelled?.cause)
  }
}
