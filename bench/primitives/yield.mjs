// Letting others run: a switch between tasks of one domain.

import { library, ours } from '../packages.mjs'
import { stopwatch } from '../stopwatch.mjs'

/** `count` switches, shared by so many tasks. */
const between = (tasks) => ({
  name: `yield between ${tasks.toLocaleString('en').replace(',', ' ')} tasks`,
  unit: 'ns',
  peers: {
    async miou(count) {
      const Miou = await ours()
      const body = function* () {
        for (let i = 0; i < count; i += tasks) yield* Miou.yield()
      }
      return await Miou.run(
        function* () {
          const children = Array.from({ length: tasks }, () => Miou.async(body))
          const elapsed = stopwatch()
          yield* Miou.awaitAll(children)
          return elapsed()
        },
        { domains: 0 },
      )
    },
    // It has no yield of its own: a resolved promise is what lets others run soonest.
    async effection(count) {
      const { run, spawn, until } = await library('effection')
      const resolved = Promise.resolve()
      const body = function* () {
        for (let i = 0; i < count; i += tasks) yield* until(resolved)
      }
      return await run(function* () {
        const children = []
        const elapsed = stopwatch()
        for (let i = 0; i < tasks; i++) children.push(yield* spawn(body))
        for (const task of children) yield* task
        return elapsed()
      })
    },
    async effect(count) {
      const { Effect, Fiber } = await library('effect')
      const body = Effect.gen(function* () {
        for (let i = 0; i < count; i += tasks) yield* Effect.yieldNow
      })
      const main = Effect.gen(function* () {
        const children = []
        const elapsed = stopwatch()
        for (let i = 0; i < tasks; i++) children.push(yield* Effect.forkChild(body))
        yield* Fiber.joinAll(children)
        return elapsed()
      })
      return await Effect.runPromise(main)
    },
    async await(count) {
      const body = async () => {
        for (let i = 0; i < count; i += tasks) await null
      }
      const elapsed = stopwatch()
      await Promise.all(Array.from({ length: tasks }, body))
      return elapsed()
    },
  },
})

export default [{ ...between(2), given: { 'OCaml Miou': 180 } }, between(1000)]
