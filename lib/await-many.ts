import { childOf } from './await.js'
import { cancelTree } from './cancellation.js'
import { lose, read } from './end.js'
import { InvalidArgument } from './errors.js'
import { here } from './here.js'
import { make, Op, type Operation } from './operation.js'
import { choose } from './random.js'
import { ready } from './ready.js'
import { SUSPENDED, WAITING } from './suspension.js'
import { AWAITED, DONE, nameOf, type Result, resultOf, type Task, type TaskRecord } from './task.js'

/** What a task of this type returns. */
export type ValueOf<K> = K extends Task<infer T> ? T : never

/** Marks those that are not over, so that thousands of them end in linear time; how many there are. */
function mark(tasks: readonly TaskRecord[]): number {
  let count = 0
  for (const task of tasks) {
    if (task.flags & (DONE | AWAITED)) continue
    task.flags |= AWAITED
    count++
  }
  return count
}

function unmark(tasks: readonly TaskRecord[]): void {
  for (const task of tasks) task.flags &= ~AWAITED
}

/** Waits for the first of several children. */
class AwaitOne extends Op<Result<unknown>> {
  tasks: TaskRecord[] = []
  readonly label: string = 'awaitOne(tasks)'

  override attempt(): boolean {
    return this.tasks.some((task) => task.flags & DONE)
  }

  wait(): void {
    mark(this.tasks)
  }

  override childEnded(child: TaskRecord): void {
    if (child.flags & AWAITED) ready(this.task)
  }

  abort(): void {
    unmark(this.tasks)
  }

  finish(): Result<unknown> {
    unmark(this.tasks)
    return read(this.winner())
  }

  protected winner(): TaskRecord {
    return pick(
      this.tasks.filter((task) => task.flags & DONE),
      this.task,
    )
  }

  override describe(): string {
    return `${this.label.replace(/\(.*/, '')} ${this.tasks.map(nameOf).join(', ')}`
  }
}

/** Waits for the first of several children, then for the others, which it cancels. */
class AwaitFirst extends AwaitOne {
  override readonly label = 'awaitFirst(tasks)'
  private first: TaskRecord | null = null
  /** How many losers still unwind. */
  private losers = 0

  override attempt(): boolean {
    if (super.attempt()) this.decide()
    return this.first !== null && this.tasks.every((task) => task.flags & DONE)
  }

  override wait(): void {
    this.losers = mark(this.tasks)
  }

  /** When the waiter runs: all that have ended by then are candidates. */
  private decide(): void {
    // A loser that was never sent to its domain is over at once: it is not waited for.
    unmark(this.tasks)
    this.first = this.winner()
    for (const task of this.tasks) if (!(task.flags & DONE)) cancelTree(task, undefined)
  }

  override childEnded(child: TaskRecord): void {
    if (!(child.flags & AWAITED)) return
    child.flags &= ~AWAITED
    if (this.first === null || --this.losers === 0) ready(this.task)
  }

  override next(): ReturnType<Op<Result<unknown>>['next']> {
    if (this.phase === WAITING && this.first === null && here.last !== this) {
      this.decide()
      // Who listens to the signal of a loser may have cancelled the task, which meets that when it runs next.
      if (!this.waits) return SUSPENDED
      this.wait()
      if (this.losers > 0) return SUSPENDED
    }
    return super.next()
  }

  override finish(): Result<unknown> {
    for (const task of this.tasks) if (task !== this.first) lose(task)
    return read(this.first!)
  }
}

/** One of several tasks that are over: by chance, but one that returned before one that threw. */
function pick(over: TaskRecord[], chooser: TaskRecord): TaskRecord {
  const returned = over.filter((task) => resultOf(task).ok)
  const candidates = returned.length > 0 ? returned : over
  return candidates[choose(chooser, candidates.length)]!
}

/** Waits for all of several children. */
class AwaitAll extends Op<Result<unknown>[]> {
  readonly label = 'awaitAll(tasks)'
  tasks: TaskRecord[] = []
  /** How many of them are not over. */
  private left = 0

  override attempt(): boolean {
    return this.tasks.every((task) => task.flags & DONE)
  }

  wait(): void {
    this.left = mark(this.tasks)
  }

  override childEnded(child: TaskRecord): void {
    if (!(child.flags & AWAITED)) return
    child.flags &= ~AWAITED
    if (--this.left === 0) ready(this.task)
  }

  abort(): void {
    unmark(this.tasks)
  }

  finish(): Result<unknown>[] {
    const { tasks } = this
    const results = new Array<Result<unknown>>(tasks.length)
    for (let i = 0; i < tasks.length; i++) results[i] = read(tasks[i]!)
    return results
  }

  override describe(): string {
    const names = this.tasks.filter((task) => task.flags & AWAITED).map(nameOf)
    return `awaitAll ${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`
  }
}

function children(op: Op<unknown>, tasks: readonly Task<unknown>[]): TaskRecord[] {
  if (!Array.isArray(tasks)) throw new InvalidArgument(`${op.label} takes an array of tasks`)
  if (tasks.length === 0) throw new InvalidArgument(`${op.label} needs one task at least`)
  return childrenIn(tasks, op)
}

/** The children in an array, checked; what is missing in one with holes is no task. */
function childrenIn(tasks: readonly Task<unknown>[], op: Op<unknown>): TaskRecord[] {
  const children: TaskRecord[] = []
  for (const task of tasks) children.push(childOf(task, op.task, op.label))
  return children
}

function waiting<T extends AwaitOne>(op: T, tasks: readonly Task<unknown>[]): T {
  make(op)
  try {
    op.tasks = children(op, tasks)
  } catch (error) {
    op.task.made = null
    throw error
  }
  return op
}

/**
 * Waits for the first of these children to be over, whether it returned or threw. The others go on, and are still to be
 * awaited or cancelled. Where several are over at once, one that returned is preferred; which one, the seed decides.
 *
 * @throws `InvalidArgument` for an empty array, `NotAChild`.
 * @example
 * const first = yield* Miou.awaitOne([a, b])
 */
export function awaitOne<const L extends readonly Task<unknown>[]>(tasks: L): Operation<Result<ValueOf<L[number]>>> {
  return waiting(new AwaitOne(), tasks) as unknown as Operation<Result<ValueOf<L[number]>>>
}

/**
 * As `awaitOne`; the others are cancelled, and over with all their descendants when it returns. One that had ended keeps
 * its value for `await`.
 *
 * @throws `InvalidArgument` for an empty array, `NotAChild`.
 * @example
 * const winner = yield* Miou.awaitFirst([Miou.async(accept), Miou.async(orDie)])
 */
export function awaitFirst<const L extends readonly Task<unknown>[]>(tasks: L): Operation<Result<ValueOf<L[number]>>> {
  return waiting(new AwaitFirst(), tasks) as unknown as Operation<Result<ValueOf<L[number]>>>
}

/**
 * Waits for all of these children and tells how each ended, in the order of the array.
 *
 * @throws `NotAChild`, before it waits for any.
 * @example
 * const [a, b] = yield* Miou.awaitAll([Miou.async(left), Miou.async(right)])
 */
export function awaitAll<const L extends readonly Task<unknown>[]>(
  tasks: L,
): Operation<{ -readonly [K in keyof L]: Result<ValueOf<L[K]>> }> {
  const op = new AwaitAll()
  make(op)
  try {
    if (!Array.isArray(tasks)) throw new InvalidArgument('awaitAll(tasks) takes an array of tasks')
    op.tasks = childrenIn(tasks, op)
  } catch (error) {
    op.task.made = null
    throw error
  }
  return op as unknown as Operation<{ -readonly [K in keyof L]: Result<ValueOf<L[K]>> }>
}
