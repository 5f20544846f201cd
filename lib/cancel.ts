import { childOf } from './await.js'
import { cancelTree, makeCancelled } from './cancellation.js'
import { discard } from './discard.js'
import { read } from './end.js'
import { make, Op, type Operation } from './operation.js'
import { ready } from './ready.js'
import { DONE, nameOf, OK, OVERRIDDEN, READ, type Task, type TaskRecord } from './task.js'

/** Cancels a child and waits until it is over. */
class Cancel extends Op<void> {
  readonly label = 'cancel(task)'
  child: TaskRecord | null = null

  override attempt(): boolean {
    const child = this.child!
    child.flags |= OVERRIDDEN
    cancelTree(child, undefined)
    child.cancelled ??= makeCancelled(undefined)
    return (child.flags & DONE) !== 0
  }

  wait(): void {}

  override childEnded(child: TaskRecord): void {
    if (child === this.child) ready(this.task)
  }

  abort(): void {}

  finish(): void {
    const child = this.child!
    const unread = (child.flags & (OK | READ)) === OK
    read(child)
    if (unread) discard(child.value)
  }

  override describe(): string {
    return this.child === null ? this.label : `cancel ${nameOf(this.child)}`
  }
}

/**
 * Cancels a child, and with it all its descendants, and waits until they have unwound and their finalisers have run;
 * others run meanwhile. From then on awaiting it says `Cancelled`, whatever it had returned or thrown. A child that is
 * over already may be cancelled too, and more than once; its `state` stays what it was.
 *
 * @throws `NotAChild` for a task that the current one did not spawn.
 * @example
 * const ticker = Miou.async(function* () { for (;;) yield* Unix.sleep(1000) })
 * yield* Miou.cancel(ticker)
 */
export function cancel(task: Task<unknown>): Operation<void> {
  const op = new Cancel()
  make(op)
  try {
    op.child = childOf(task, op.task, op.label)
  } catch (error) {
    op.task.made = null
    throw error
  }
  return op
}
