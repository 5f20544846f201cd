// A mutex: free, wanted by many tasks of one domain, wanted by two domains.

import { ask, withWorker } from '../hand.mjs'
import { library, ours } from '../packages.mjs'
import { stopwatch } from '../stopwatch.mjs'
import { Missing } from '../toolchain.mjs'

const TASKS = 10

/** The usual mutex of promises: each holder waits for the one before it. */
class Chain {
  #last = Promise.resolve()

  /** Resolves to the function that unlocks. */
  lock() {
    const before = this.#last
    const { promise, resolve } = Promise.withResolvers()
    this.#last = promise
    return before.then(() => resolve)
  }
}

export default [
  {
    name: 'lock and unlock, free',
    unit: 'ns',
    given: { 'OCaml Miou': 272 },
    peers: {
      async miou(count) {
        const Miou = await ours()
        return await Miou.run(
          function* () {
            const mutex = Miou.Mutex.create()
            const elapsed = stopwatch()
            for (let i = 0; i < count; i++) {
              yield* Miou.Mutex.lock(mutex)
              Miou.Mutex.unlock(mutex)
            }
            return elapsed()
          },
          { domains: 0 },
        )
      },
      async effect(count) {
        const { Effect, Semaphore } = await library('effect')
        const main = Effect.gen(function* () {
          const semaphore = yield* Semaphore.make(1)
          const elapsed = stopwatch()
          for (let i = 0; i < count; i++) {
            yield* semaphore.take(1)
            yield* semaphore.release(1)
          }
          return elapsed()
        })
        return await Effect.runPromise(main)
      },
      async await(count) {
        const mutex = new Chain()
        const elapsed = stopwatch()
        for (let i = 0; i < count; i++) (await mutex.lock())()
        return elapsed()
      },
    },
  },
  {
    name: 'lock and unlock, 10 tasks that let others run while they hold it',
    unit: 'ns',
    peers: {
      async miou(count) {
        const Miou = await ours()
        return await Miou.run(
          function* () {
            const mutex = Miou.Mutex.create()
            const body = function* () {
              for (let i = 0; i < count; i += TASKS) {
                yield* Miou.Mutex.lock(mutex)
                yield* Miou.yield()
                Miou.Mutex.unlock(mutex)
              }
            }
            const elapsed = stopwatch()
            yield* Miou.awaitAll(Array.from({ length: TASKS }, () => Miou.async(body)))
            return elapsed()
          },
          { domains: 0 },
        )
      },
      async effect(count) {
        const { Effect, Fiber, Semaphore } = await library('effect')
        const main = Effect.gen(function* () {
          const semaphore = yield* Semaphore.make(1)
          const body = Effect.gen(function* () {
            for (let i = 0; i < count; i += TASKS) {
              yield* semaphore.take(1)
              yield* Effect.yieldNow
              yield* semaphore.release(1)
            }
          })
          const fibers = []
          const elapsed = stopwatch()
          for (let i = 0; i < TASKS; i++) fibers.push(yield* Effect.forkChild(body))
          yield* Fiber.joinAll(fibers)
          return elapsed()
        })
        return await Effect.runPromise(main)
      },
      async await(count) {
        const mutex = new Chain()
        const body = async () => {
          for (let i = 0; i < count; i += TASKS) {
            const unlock = await mutex.lock()
            await null
            unlock()
          }
        }
        const elapsed = stopwatch()
        await Promise.all(Array.from({ length: TASKS }, body))
        return elapsed()
      },
    },
  },
  {
    name: 'lock and unlock, two domains at once',
    unit: 'ns',
    peers: {
      async miou(count) {
        const Miou = await ours()
        const { echo, lockMany } = await import('../remote.mjs')
        return await Miou.run(
          function* () {
            const mutex = Miou.Mutex.create()
            yield* Miou.awaitExn(Miou.call(echo, [0]))
            const elapsed = stopwatch()
            const there = Miou.call(lockMany, [mutex, Math.ceil(count / 2)])
            yield* lockMany(mutex, Math.floor(count / 2))
            yield* Miou.awaitExn(there)
            return elapsed()
          },
          { domains: 1 },
        )
      },
      // The one lock of JavaScript's own that threads share (Node 24.5 and later).
      async 'navigator.locks'(count) {
        if (!globalThis.navigator?.locks) throw new Missing('navigator.locks is in Node 24.5 and later')
        return await withWorker({ way: 'lock', count: Math.ceil(count / 2) }, async (port) => {
          const elapsed = stopwatch()
          const there = ask(port, 'begin')
          for (let i = 0; i < count / 2; i++) await navigator.locks.request('bench', () => {})
          await there
          return elapsed()
        })
      },
    },
  },
]
