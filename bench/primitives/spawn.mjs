// A task, from its creation to its awaited end.

import { library, ours } from '../packages.mjs'
import { stopwatch } from '../stopwatch.mjs'

const MANY = 1000

function* child() {
  return 1
}

export default [
  {
    name: 'spawn and await',
    unit: 'ns',
    given: { 'OCaml Miou': 2000 },
    peers: {
      async miou(count) {
        const Miou = await ours()
        return await Miou.run(
          function* () {
            const elapsed = stopwatch()
            for (let i = 0; i < count; i++) yield* Miou.await(Miou.async(child))
            return elapsed()
          },
          { domains: 0 },
        )
      },
      async effection(count) {
        const { run, spawn } = await library('effection')
        return await run(function* () {
          const elapsed = stopwatch()
          for (let i = 0; i < count; i++) yield* yield* spawn(child)
          return elapsed()
        })
      },
      async effect(count) {
        const { Effect, Fiber } = await library('effect')
        const body = Effect.sync(() => 1)
        const main = Effect.gen(function* () {
          const elapsed = stopwatch()
          for (let i = 0; i < count; i++) yield* Fiber.join(yield* Effect.forkChild(body))
          return elapsed()
        })
        return await Effect.runPromise(main)
      },
      async await(count) {
        const body = async () => 1
        const elapsed = stopwatch()
        for (let i = 0; i < count; i++) await body()
        return elapsed()
      },
    },
  },
  {
    name: 'spawn 1 000 and await them all',
    unit: 'ns',
    peers: {
      async miou(count) {
        const Miou = await ours()
        return await Miou.run(
          function* () {
            const elapsed = stopwatch()
            for (let done = 0; done < count; done += MANY) {
              yield* Miou.awaitAll(Array.from({ length: Math.min(MANY, count - done) }, () => Miou.async(child)))
            }
            return elapsed()
          },
          { domains: 0 },
        )
      },
      async effection(count) {
        const { run, spawn } = await library('effection')
        return await run(function* () {
          const elapsed = stopwatch()
          for (let done = 0; done < count; done += MANY) {
            const tasks = []
            for (let i = done; i < Math.min(done + MANY, count); i++) tasks.push(yield* spawn(child))
            for (const task of tasks) yield* task
          }
          return elapsed()
        })
      },
      async effect(count) {
        const { Effect, Fiber } = await library('effect')
        const body = Effect.sync(() => 1)
        const main = Effect.gen(function* () {
          const elapsed = stopwatch()
          for (let done = 0; done < count; done += MANY) {
            const fibers = []
            for (let i = done; i < Math.min(done + MANY, count); i++) fibers.push(yield* Effect.forkChild(body))
            yield* Fiber.joinAll(fibers)
          }
          return elapsed()
        })
        return await Effect.runPromise(main)
      },
      async await(count) {
        const body = async () => 1
        const elapsed = stopwatch()
        for (let done = 0; done < count; done += MANY) {
          await Promise.all(Array.from({ length: Math.min(MANY, count - done) }, body))
        }
        return elapsed()
      },
    },
  },
]
