import { type CallOptions, call } from '../call.js'
import { read } from '../end.js'
import { InvalidArgument } from '../errors.js'
import { here, outside } from '../here.js'
import { currentTask, make, Op, type Operation } from '../operation.js'
import { ready } from '../ready.js'
import { async_, type SpawnOptions } from '../spawn.js'
import { type Body, ENDED, FATAL, nameOf, type Task, type TaskRecord } from '../task.js'

/** Starts tasks from outside of tasks: from the callbacks of foreign code. Made by `scope`. */
export interface Scope {
  /**
   * Starts a task on this domain, as `async` does. Settles as the task ends; rejects with `InvalidArgument` where the scope
   * is closed, or its task over.
   */
  run<T>(body: Body<T>, options?: SpawnOptions<T>): Promise<T>
  /** Starts a task on another domain, as `call` does. Settles and rejects as `run`. */
  call<A extends unknown[], T>(fn: (...args: A) => Operation<T>, args: A, options?: CallOptions<T>): Promise<T>
  /** Starts none from now on, and waits until those that run are over. Only for the task that made the scope. */
  close(): Operation<void>
}

/** A scope, and whether it starts tasks. */
export class OpenScope implements Scope {
  /** Tasks that run. */
  live = 0
  closed = false

  constructor(
    private readonly task: TaskRecord,
    private readonly what: string,
  ) {}

  run<T>(body: Body<T>, options?: SpawnOptions<T>): Promise<T> {
    return this.start(() => async_(body, options), options)
  }

  call<A extends unknown[], T>(fn: (...args: A) => Operation<T>, args: A, options?: CallOptions<T>): Promise<T> {
    return this.start(() => call(fn, args, options), options)
  }

  close(): Operation<void> {
    const op = new Close(this)
    make(op)
    if (op.task !== this.task) {
      op.task.made = null
      throw new InvalidArgument(`close(): ${nameOf(this.task)} made the scope, and alone may close it`)
    }
    return op
  }

  private start<T>(spawn: () => Task<T>, options: SpawnOptions<T> | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.closed || this.task.flags & ENDED)
        throw new InvalidArgument(`${this.what} is closed: it starts no more tasks`)
      if (options?.orphans !== undefined)
        throw new InvalidArgument(`${this.what}: its promise stands for a task, no collector`)
      const child = this.asItsTask(spawn) as unknown as TaskRecord
      this.live++
      child.stored = {
        ended: () => {
          this.live--
          // As if it was awaited.
          const result = read(child)
          // It is no task that can't be told of a fatal error, though the task itself counts as cancelled.
          if (child.flags & FATAL) reject(child.run.fatal)
          // Which looks for a `then`, that may be a getter.
          else if (result.ok) outside(() => resolve(result.value as T))
          else reject(result.error)
        },
      }
    })
  }

  /** Spawns a child of the task that made the scope, whatever runs now. */
  private asItsTask<T>(spawn: () => T): T {
    const { current } = here
    here.current = this.task
    try {
      return spawn()
    } finally {
      here.current = current
    }
  }
}

/** Waits for the tasks of a scope. */
class Close extends Op<void> {
  readonly label = 'scope.close()'

  constructor(private readonly scope: OpenScope) {
    super()
  }

  override attempt(): boolean {
    this.scope.closed = true
    return this.scope.live === 0
  }

  wait(): void {}

  override childEnded(): void {
    if (this.scope.live === 0) ready(this.task)
  }

  abort(): void {}

  finish(): void {}
}

/**
 * A scope of the current task, for callbacks of foreign code, such as an http handler: what it starts are children of this
 * task, each awaited through its promise. One that is left when this task ends counts as any other child.
 *
 * @throws `NotInTask`.
 * @example
 * const requests = scope()
 * const server = http.createServer((request, response) => {
 *   requests.run(() => answer(request, response)).catch((error) => response.destroy(error))
 * })
 */
export function scope(): Scope {
  return scopeOf('the scope')
}

/** A scope of the current task that errors call `what`. */
export function scopeOf(what: string): OpenScope {
  return new OpenScope(currentTask('scope()'), what)
}
