import type { CallOptions } from '../call.js'
import type { Operation } from '../operation.js'
import { type RunOptions, run } from '../run.js'
import { type Syscall, signal, suspend, syscall } from '../source.js'
import type { SpawnOptions } from '../spawn.js'
import type { Body } from '../task.js'
import { type OpenScope, scopeOf } from './scope.js'

/** Domains that wait for tasks, for a program that has a main loop of its own. Made by `start`. */
export interface Runtime extends AsyncDisposable {
  /** Runs a task on the domain that called `start`, which needs no `async`: the promise settles as the task ends. */
  run<T>(body: Body<T>, options?: SpawnOptions<T>): Promise<T>
  /** Runs a portable function on another domain. */
  call<A extends unknown[], T>(fn: (...args: A) => Operation<T>, args: A, options?: CallOptions<T>): Promise<T>
  /** Starts no more tasks, waits for those that run, and ends the run. Rejects with the fatal error that ended it before. */
  close(): Promise<void>
}

/** A run whose main waits to be closed. */
class Started implements Runtime {
  constructor(
    private readonly scope: OpenScope,
    private readonly closing: Syscall,
    private readonly ended: Promise<void>,
  ) {}

  run<T>(body: Body<T>, options?: SpawnOptions<T>): Promise<T> {
    return this.scope.run(body, options)
  }

  call<A extends unknown[], T>(fn: (...args: A) => Operation<T>, args: A, options?: CallOptions<T>): Promise<T> {
    return this.scope.call(fn, args, options)
  }

  close(): Promise<void> {
    this.scope.closed = true
    signal(this.closing)
    return this.ended
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/**
 * Begins a run that waits for what it is to do, for a program whose main loop is its own: tasks from everywhere, on every
 * domain, cancelled as a tree. It keeps the process alive until it is closed. A task that breaks a rule fatally ends the
 * whole run: its request, and `close`, reject with that error, the other requests with `Cancelled`.
 *
 * @param options Those of `run`; aborting their signal ends the run.
 * @throws Rejects with `InvalidArgument` for wrong options.
 * @example
 * await using runtime = await start({ domains: 3 })
 * const digest = await runtime.call(hash, [path])
 */
export function start(options?: RunOptions): Promise<Runtime> {
  return new Promise((resolve, reject) => {
    const ended: Promise<void> = run(function* () {
      const requests = scopeOf('the runtime')
      const closing = syscall('runtime.close()')
      resolve(new Started(requests, closing, ended))
      yield* suspend(closing)
      yield* requests.close()
    }, options)
    // Where it ends by itself, whoever closes it hears of that, and until then nobody has to.
    ended.catch(reject)
  })
}
