// Two tasks that wake each other in turn: one step of the ping-pong is a wait and a signal.

import { ask, withWorker } from '../hand.mjs'
import { library, ours } from '../packages.mjs'
import { stopwatch } from '../stopwatch.mjs'

export default [
  {
    name: 'condition ping-pong, one domain',
    unit: 'ns',
    peers: {
      async miou(count) {
        const Miou = await ours()
        const { alternate } = await import('../remote.mjs')
        return await Miou.run(
          function* () {
            const mutex = Miou.Mutex.create()
            const condition = Miou.Condition.create()
            const turn = new Int32Array(1)
            const half = Math.ceil(count / 2)
            const elapsed = stopwatch()
            const other = Miou.async(() => alternate(mutex, condition, turn, 1, half))
            yield* alternate(mutex, condition, turn, 0, half)
            yield* Miou.awaitExn(other)
            return elapsed()
          },
          { domains: 0 },
        )
      },
      // Two signals, each of one waiter.
      async effection(count) {
        const { createSignal, run, spawn } = await library('effection')
        const half = Math.ceil(count / 2)
        return await run(function* () {
          const ping = createSignal()
          const pong = createSignal()
          const pings = yield* ping
          const pongs = yield* pong
          const elapsed = stopwatch()
          const other = yield* spawn(function* () {
            for (let i = 0; i < half; i++) {
              yield* pings.next()
              pong.send()
            }
          })
          for (let i = 0; i < half; i++) {
            ping.send()
            yield* pongs.next()
          }
          yield* other
          return elapsed()
        })
      },
      async effect(count) {
        const { Effect, Fiber, Latch } = await library('effect')
        const half = Math.ceil(count / 2)
        const alternate = (mine, other) =>
          Effect.gen(function* () {
            for (let i = 0; i < half; i++) {
              yield* mine.await
              yield* mine.close
              yield* other.open
            }
          })
        const main = Effect.gen(function* () {
          const ping = yield* Latch.make(true)
          const pong = yield* Latch.make(false)
          const elapsed = stopwatch()
          const other = yield* Effect.forkChild(alternate(pong, ping))
          yield* alternate(ping, pong)
          yield* Fiber.join(other)
          return elapsed()
        })
        return await Effect.runPromise(main)
      },
      async await(count) {
        const half = Math.ceil(count / 2)
        let ping = Promise.withResolvers()
        let pong = Promise.withResolvers()
        const elapsed = stopwatch()
        const other = (async () => {
          for (let i = 0; i < half; i++) {
            await ping.promise
            ping = Promise.withResolvers()
            pong.resolve()
          }
        })()
        for (let i = 0; i < half; i++) {
          ping.resolve()
          await pong.promise
          pong = Promise.withResolvers()
        }
        await other
        return elapsed()
      },
    },
  },
  {
    name: 'condition ping-pong, two domains',
    unit: 'us',
    peers: {
      async miou(count) {
        const Miou = await ours()
        const { alternate, alternateThere, echo } = await import('../remote.mjs')
        return await Miou.run(
          function* () {
            const mutex = Miou.Mutex.create()
            const condition = Miou.Condition.create()
            const turn = new Int32Array(new SharedArrayBuffer(4))
            const half = Math.ceil(count / 2)
            yield* Miou.awaitExn(Miou.call(echo, [0]))
            const elapsed = stopwatch()
            const other = Miou.call(alternateThere, [mutex, condition, turn, 1, half])
            yield* alternate(mutex, condition, turn, 0, half)
            yield* Miou.awaitExn(other)
            return elapsed()
          },
          { domains: 1 },
        )
      },
      // A round trip is two steps.
      async MessageChannel(count) {
        return await withWorker({ way: 'echo' }, async (port) => {
          await ask(port, 0)
          const elapsed = stopwatch()
          for (let i = 0; i < count; i += 2) await ask(port, i)
          return elapsed()
        })
      },
    },
  },
]
