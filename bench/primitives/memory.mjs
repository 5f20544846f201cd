// What a task costs while it is parked: the heap before and after so many of them wait.

import { library, ours } from '../packages.mjs'

const COUNT = 100_000

/** Bytes that JavaScript and its buffers hold. */
function held() {
  globalThis.gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Spawns `count` tasks of miou that wait for one trigger each, and says what they hold. */
async function parked(count, body) {
  const Miou = await ours()
  return await Miou.run(
    function* () {
      const gate = Miou.Computation.create()
      const tasks = new Array(count)
      const before = held()
      for (let i = 0; i < count; i++) tasks[i] = Miou.async(body(Miou, gate, i))
      yield* Miou.yield()
      const bytes = held() - before
      Miou.Computation.tryReturn(gate, 0)
      yield* Miou.awaitAll(tasks)
      return bytes
    },
    { domains: 0 },
  )
}

export default [
  {
    name: 'a parked task that captures nothing of its own',
    unit: 'bytes',
    count: COUNT,
    peers: {
      async miou(count) {
        let body
        return await parked(count, (Miou, gate) => {
          body ??= function* () {
            yield* Miou.Computation.awaitExn(gate)
          }
          return body
        })
      },
      async effection(count) {
        const { run, spawn, withResolvers } = await library('effection')
        return await run(function* () {
          const gate = withResolvers()
          const tasks = new Array(count)
          const body = () => gate.operation
          const before = held()
          for (let i = 0; i < count; i++) tasks[i] = yield* spawn(body)
          const bytes = held() - before
          gate.resolve(0)
          for (const task of tasks) yield* task
          return bytes
        })
      },
      async effect(count) {
        const { Deferred, Effect, Fiber } = await library('effect')
        const main = Effect.gen(function* () {
          const gate = yield* Deferred.make()
          const tasks = new Array(count)
          const body = Deferred.await(gate)
          const before = held()
          for (let i = 0; i < count; i++) tasks[i] = yield* Effect.forkChild(body)
          yield* Effect.yieldNow
          const bytes = held() - before
          yield* Deferred.succeed(gate, 0)
          yield* Fiber.joinAll(tasks)
          return bytes
        })
        return await Effect.runPromise(main)
      },
      async await(count) {
        const gate = Promise.withResolvers()
        const tasks = new Array(count)
        const body = async () => {
          await gate.promise
        }
        const before = held()
        for (let i = 0; i < count; i++) tasks[i] = body()
        const bytes = held() - before
        gate.resolve()
        await Promise.all(tasks)
        return bytes
      },
    },
  },
  {
    name: 'a parked task with a closure of its own and a helper generator',
    unit: 'bytes',
    count: COUNT,
    peers: {
      async miou(count) {
        return await parked(count, (Miou, gate, number) => {
          function* helper() {
            yield* Miou.Computation.awaitExn(gate)
            return number
          }
          return function* () {
            return yield* helper()
          }
        })
      },
    },
  },
]
