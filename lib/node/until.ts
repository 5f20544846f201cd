import { abort } from '../cancellation.js'
import { InvalidArgument } from '../errors.js'
import { make, Op, type Operation } from '../operation.js'
import { ready } from '../ready.js'
import type { Result } from '../task.js'

/** What `until` waits for: a promise, or a function that begins something and returns one. */
type Start<T> = PromiseLike<T> | ((signal: AbortSignal) => PromiseLike<T>)

/** Waits for a promise. */
class Until<T> extends Op<T> {
  readonly label = 'until(promise)'
  private result: Result<T> | undefined
  private controller: AbortController | undefined
  private waiting = false

  constructor(private readonly start: Start<T>) {
    super()
    // A promise that is handed over is listened to from now on: it may be rejected while its task is cancelled or switches.
    if (typeof start !== 'function') this.listen(start)
  }

  /** What is no promise of the language is made one: it may settle twice, or with another of its kind. */
  private listen(promise: PromiseLike<T>): void {
    Promise.resolve(promise).then(
      (value) => this.settle({ ok: true, value }),
      (error: unknown) => this.settle({ ok: false, error }),
    )
  }

  private settle(result: Result<T>): void {
    this.result = result
    if (this.waiting) ready(this.task)
  }

  wait(): void {
    this.waiting = true
    const { start } = this
    if (typeof start !== 'function') {
      if (this.result !== undefined) ready(this.task)
      return
    }
    this.controller = new AbortController()
    try {
      this.listen(begun(start(this.controller.signal)))
    } catch (error) {
      this.settle({ ok: false, error })
    }
  }

  abort(): void {
    this.waiting = false
    if (this.result === undefined && this.controller !== undefined) abort(this.controller, this.task)
  }

  finish(): T {
    const result = this.result!
    if (!result.ok) throw result.error
    return result.value
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function'
}

function begun<T>(promise: PromiseLike<T>): PromiseLike<T> {
  if (!isThenable(promise)) throw new InvalidArgument('until: the function that it calls returns a promise')
  return promise
}

/**
 * Waits for a promise of Node's world, and returns or throws what it is settled with. A function is called when the wait
 * begins, with a signal that is aborted when the task is cancelled: hand it on, and what it began ends with the task. A
 * promise by itself goes on where the task is cancelled, and nobody hears how it ends.
 *
 * @throws What the promise is rejected with, or the function throws; `InvalidArgument`.
 * @example
 * const response = yield* until((signal) => fetch(url, { signal }))
 * const text = yield* until(response.text())
 */
export function until<T>(start: PromiseLike<T> | ((signal: AbortSignal) => PromiseLike<T>)): Operation<T> {
  if (typeof start !== 'function' && !isThenable(start)) {
    throw new InvalidArgument('until takes a promise, or a function that returns one')
  }
  const op = new Until(start)
  make(op)
  return op
}
