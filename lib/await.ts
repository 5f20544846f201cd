import { read } from './end.js'
import { NotAChild } from './errors.js'
import { wrongHandle } from './handle.js'
import { keep, make, Op, type Operation } from './operation.js'
import { ready } from './ready.js'
import { runs } from './remote.js'
import { DONE, nameOf, onStar, type Result, type Task, TaskRecord } from './task.js'
import { trace, tracing } from './trace.js'

/** Waits for one child. */
class Await extends Op<unknown> {
  readonly label: string
  child: TaskRecord | null = null

  constructor(private readonly throws: boolean) {
    super()
    this.label = throws ? 'awaitExn(task)' : 'await(task)'
  }

  override attempt(): boolean {
    return (this.child!.flags & DONE) !== 0
  }

  wait(): void {}

  override childEnded(child: TaskRecord): void {
    if (child === this.child) ready(this.task)
  }

  abort(): void {}

  finish(): unknown {
    const child = this.child!
    const result = read(child)
    if (!this.throws) return result
    if (!result.ok) throw result.error
    return result.value
  }

  override recycle(): void {
    // Else the last value of each of the two tasks would live as long as nobody waits so again.
    this.child = null
    keep(this, this.throws ? throwing : telling)
  }

  override describe(): string {
    return this.child === null ? this.label : `await ${nameOf(this.child)}`
  }
}

const telling: Await[] = []
const throwing: Await[] = []

/** A child of the task that asks, checked. */
export function childOf(task: unknown, parent: TaskRecord, what: string): TaskRecord {
  if (!(task instanceof TaskRecord)) throw wrongHandle(task, `${what} takes a task, as async and call return it`)
  if (task.parent !== parent) {
    if (tracing.on) trace({ type: 'notAChild', task: task.id }, parent)
    if (task.run !== parent.run)
      throw new NotAChild(
        `${nameOf(task)} belongs to another run${runs.has(task.run.id) ? '' : ', which is over'}: a task is only of use in the run that spawned it`,
      )
    throw new NotAChild(
      `${nameOf(task)} is no child of ${nameOf(parent)}: only the task that spawned it may ${what.replace(/\(.*/, '')} it`,
    )
  }
  return task
}

function awaiting(task: Task<unknown>, throws: boolean): Await {
  const op = (throws ? throwing : telling).pop() ?? new Await(throws)
  make(op)
  try {
    op.child = childOf(task, op.task, op.label)
  } catch (error) {
    op.task.made = null
    throw error
  }
  return op
}

/**
 * Waits until a child is over, its descendants and finalisers included, and tells how it ended. May be asked again.
 *
 * @throws `NotAChild` for a task that the current one did not spawn.
 * @example
 * const result = yield* Miou.await(task)
 * if (!result.ok) console.error(result.error)
 */
export function await_<T>(task: Task<T>): Operation<Result<T>> {
  return awaiting(task, false) as unknown as Operation<Result<T>>
}

/**
 * Waits until a child is over and returns what it returned, or throws what it threw. `yield* task` is the same.
 *
 * @throws What the child threw; `Cancelled` where it was cancelled; `NotAChild`.
 * @example
 * const sum = yield* Miou.awaitExn(Miou.async(function* () { return 1 + 1 }))
 */
export function awaitExn<T>(task: Task<T>): Operation<T> {
  return awaiting(task, true) as unknown as Operation<T>
}

onStar((task) => awaitExn(task))
