import { cancelTree } from './cancellation.js'
import { read } from './end.js'
import { InvalidArgument, TimeoutError } from './errors.js'
import { make, Op, type Operation } from './operation.js'
import { ready } from './ready.js'
import type { Resource } from './resource.js'
import { async_, checkSpawnOptions } from './spawn.js'
import { type Body, ENDED, nameOf, type TaskRecord } from './task.js'
import { clearTimer, setTimer, type Timer } from './timers.js'

/** What else `timeout` takes. */
export interface TimeoutOptions {
  /** Resources that move to the task of the body, as with `async`. */
  give?: Resource[]
}

/** Waits for a child of its own, which it cancels when its time is up. */
class Timeout extends Op<unknown> implements Timer {
  readonly label = 'timeout(ms, body)'
  deadline = 0
  order = 0
  place = -1
  private child: TaskRecord | null = null
  /** Why the child was cancelled; undefined while it was not. */
  private expired: TimeoutError | undefined

  constructor(
    private readonly ms: number,
    private readonly body: Body<unknown>,
    private readonly options: TimeoutOptions | undefined,
  ) {
    super()
  }

  /** Spawns the child when it begins, so that an operation without its star spawns none. */
  override attempt(): boolean {
    this.child = async_(this.body, this.options) as unknown as TaskRecord
    return false
  }

  wait(): void {
    if (this.ms !== Number.POSITIVE_INFINITY) setTimer(this, this.ms)
  }

  elapse(): void {
    const child = this.child!
    // A body that is over wins; what unwinds below it does so anyway.
    if (child.flags & ENDED) return
    this.expired = new TimeoutError(`the body of timeout was not over after ${this.ms} ms, and was cancelled`)
    cancelTree(child, this.expired)
  }

  override childEnded(child: TaskRecord): void {
    if (child !== this.child) return
    clearTimer(this)
    ready(this.task)
  }

  abort(): void {
    clearTimer(this)
  }

  finish(): unknown {
    const child = this.child!
    const result = read(child)
    if (result.ok) return result.value
    const { expired } = this
    if (expired === undefined || result.error !== child.cancelled) throw result.error
    // Its stack is that of the task which waited, not of the timer.
    Error.captureStackTrace(expired, this.finish)
    throw expired
  }

  override describe(): string {
    return this.child === null ? this.label : `timeout ${this.ms} ms, ${nameOf(this.child)}`
  }
}

/**
 * Runs `body` as a child task and returns what it returns, or throws what it throws, where it is over within `ms`
 * milliseconds. Otherwise it is cancelled, and once it has unwound, descendants and finalisers included, `TimeoutError` is
 * thrown: that error says that the body was cancelled. One that has ended by the time its end is looked at wins.
 *
 * @param ms Milliseconds on the monotonic clock; below zero counts as zero, Infinity as no limit.
 * @throws `TimeoutError`; what the body throws; `InvalidArgument`.
 * @example
 * const reply = yield* Miou.timeout(1000, function* () { return yield* request(server) })
 */
export function timeout<T>(ms: number, body: Body<T>, options?: TimeoutOptions): Operation<T> {
  if (typeof ms !== 'number' || Number.isNaN(ms))
    throw new InvalidArgument('timeout takes a number of milliseconds, then a body')
  if (typeof body !== 'function')
    throw new InvalidArgument('timeout takes a number of milliseconds and a function* that is its body')
  const op = new Timeout(Math.max(0, ms), body, options)
  make(op)
  if (options !== undefined) {
    try {
      checkSpawnOptions(op.task, options, 'timeout')
    } catch (error) {
      op.task.made = null
      throw error
    }
  }
  return op as Operation<T>
}
