import { rethrow } from './cancellation.js'
import { ForgottenYield, NotInTask } from './errors.js'
import { here } from './here.js'
import { takeBack } from './lent.js'
import { ready } from './ready.js'
import { ABORTED, ANSWER, IDLE, MADE, PREVENTED, SUSPENDED, SWITCHING, type Suspension, WAITING } from './suspension.js'
import { READY, type TaskRecord, URGENT } from './task.js'

export type { Suspension }

/** Anything usable as `const v = yield* operation`. */
export interface Operation<T> {
  // biome-ignore lint/suspicious/noExplicitAny: what a generator is resumed with does not matter to its user
  [Symbol.iterator](): Iterator<Suspension, T, any>
}

/**
 * An operation of the scheduler: its own iterator, an object that is used again, since a generator function costs three
 * times as much. `yield*` asks it for the first step, and again when its task runs on.
 */
export abstract class Op<T> implements Operation<T> {
  task: TaskRecord = NO_TASK
  phase = IDLE

  /** The name that errors and the task tree show, as a user would write it. */
  abstract readonly label: string

  /** Carries the operation out if that is possible without waiting. Operations that always suspend say no. */
  attempt(): boolean {
    return false
  }

  /** Begins to wait. Whoever ends the wait calls `ready(task)`. */
  abstract wait(): void

  /** The result, or throws the error, once the wait is over. */
  abstract finish(): T

  /** The task is cancelled: stop waiting; where the wait was over already, pass on what was given. */
  abstract abort(): void

  /** Its user is done with it: the object may be made into another operation. */
  recycle(): void {}

  /** A child of the waiting task has ended. */
  childEnded(_child: TaskRecord): void {}

  /** Whether something outside of tasks ends the wait: the system, a timer, a callback. */
  get external(): boolean {
    return false
  }

  /** Whether it has events of its own in traces, instead of `await` and `resume`. */
  get traced(): boolean {
    return false
  }

  /** What a line of the task tree says. */
  describe(): string {
    return this.label
  }

  /** Its task is cancelled: stops waiting, and throws when the task runs next. */
  interrupt(): void {
    const waiting = this.phase === WAITING
    if (waiting) this.abort()
    this.phase = waiting ? ABORTED : PREVENTED
  }

  /** Whether it waits: code of the user's that runs as it begins to may have cancelled its task. */
  protected get waits(): boolean {
    return this.phase === WAITING
  }

  /** It can't wait after all, since code of the user's has thrown: nothing that came meanwhile is to end the next wait of its task. */
  protected unwait(): void {
    const { task } = this
    this.phase = IDLE
    task.op = null
    task.flags &= ~(READY | URGENT)
  }

  [Symbol.iterator](): this {
    const task = this.task
    if (task === NO_TASK || task !== here.current || task.made !== this) throw misused(this)
    task.made = null
    this.phase = MADE
    return this
  }

  next(): IteratorResult<Suspension, T> {
    const task = this.task
    switch (this.phase) {
      case MADE:
        if (--here.budget < 0) {
          this.phase = SWITCHING
          task.op = this
          here.last = this
          ready(task)
          return SUSPENDED
        }
        return this.begin(task)
      case SWITCHING:
        if (here.last === this) this.spun()
        task.op = null
        here.budget--
        return this.begin(task)
      case WAITING: {
        if (here.last === this) this.spun()
        task.op = null
        this.phase = IDLE
        ANSWER.value = this.finish()
        this.recycle()
        return ANSWER as IteratorReturnResult<T>
      }
      case ABORTED:
      case PREVENTED:
        task.op = null
        this.phase = IDLE
        this.recycle()
        throw task.cancelled
      default:
        throw misused(this)
    }
  }

  private begin(task: TaskRecord): IteratorResult<Suspension, T> {
    if (here.lent !== 0) takeBack(task)
    if (this.attempt()) {
      this.phase = IDLE
      ANSWER.value = this.finish()
      this.recycle()
      return ANSWER as IteratorReturnResult<T>
    }
    if (task.cancelled !== null && task.shields === 0) {
      this.phase = IDLE
      return rethrow(task)
    }
    this.phase = WAITING
    task.op = this
    here.last = this
    this.wait()
    return SUSPENDED
  }

  /** It is asked for its next step by a loop or a spread, which does not let the scheduler run in between: for ever, or in vain. */
  protected spun(): never {
    here.last = null
    this.interrupt()
    this.unwait()
    throw new ForgottenYield(
      `${this.label} was asked to go on while its task waits: an operation, or a generator that performs one, is for yield*, not for for..of or a spread`,
    )
  }
}

/** Notes that the current task makes `op`, whose name is `label`; throws where it may not. */
export function make(op: Op<unknown>): void {
  const task = current(op.label)
  op.task = task
  task.made = op
}

/** The current task, ready to make an operation. */
function current(label: string): TaskRecord {
  const task = here.current
  if (task === null) throw notInTask(label)
  if (task.made !== null) forgotten(task)
  return task
}

/** The current task, for a function that is no operation. */
export function currentTask(label: string): TaskRecord {
  const task = here.current
  if (task === null) throw notInTask(label)
  return task
}

function notInTask(label: string): NotInTask {
  return new NotInTask(`${label} needs a current task: call it from the body of a task, within run(...)`)
}

/** The mark of a task whose finaliser runs: it can't make operations. */
export const FINALISING = { label: 'a finaliser' } as unknown as Op<unknown>

/** Throws for the operation that the task has made and not used. */
export function forgotten(task: TaskRecord): void {
  const op = task.made
  if (op === null) return
  if (op === FINALISING) throw new NotInTask('a finaliser is a plain function: it can not perform operations')
  task.made = null
  throw forgottenYield(op)
}

/** The error for an operation without its star. */
export function forgottenYield(op: { label: string }): ForgottenYield {
  return new ForgottenYield(`${op.label} did nothing, since its operation was not used: write yield* ${op.label}`)
}

function misused(op: { label: string }): ForgottenYield {
  return new ForgottenYield(
    `this operation of ${op.label} was used already, or by another task, or after the next one was made: write yield* ${op.label} each time`,
  )
}

/** An operation that is written as a generator, out of others. */
export class Compound<T> implements Operation<T> {
  private readonly task: TaskRecord
  constructor(
    readonly label: string,
    private readonly body: () => Operation<T>,
  ) {
    this.task = current(label)
    this.task.made = this as unknown as Op<unknown>
  }

  [Symbol.iterator](): ReturnType<Operation<T>[typeof Symbol.iterator]> {
    if (this.task !== here.current || this.task.made !== (this as unknown)) throw misused(this)
    this.task.made = null
    return this.body()[Symbol.iterator]()
  }
}

/** Most operations of a kind that are kept for the next ones: a burst of waits is not kept for ever. */
const SPARES = 4096

/** Keeps an operation that is over, of no task, for the next one of its kind: 60 ns less than to make one. */
export function keep<T extends Op<unknown>>(op: T, spares: T[]): void {
  op.task = NO_TASK
  if (spares.length < SPARES) spares.push(op)
}

/** Stands where there is no task, so that the field never changes its shape. */
export const NO_TASK = null as unknown as TaskRecord
