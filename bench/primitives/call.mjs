// A round trip to another domain: a function called there, its result awaited here.

import { receiveMessageOnPort } from 'node:worker_threads'
import { ask, withWorker } from '../hand.mjs'
import { library, ours } from '../packages.mjs'
import { stopwatch } from '../stopwatch.mjs'

const filename = new URL('../workers/pool.mjs', import.meta.url).href

/** A pool of one thread, and one value after the other through it. */
async function pool(make, count) {
  const threads = make({ filename, minThreads: 1, maxThreads: 1 })
  await threads.run(0)
  const elapsed = stopwatch()
  for (let i = 0; i < count; i++) await threads.run(i)
  const time = elapsed()
  await threads.destroy()
  return time
}

export default [
  {
    name: 'call round trip, parked',
    unit: 'us',
    given: { 'OCaml Miou': 45 },
    peers: {
      async miou(count) {
        const Miou = await ours()
        const { echo } = await import('../remote.mjs')
        return await Miou.run(
          function* () {
            yield* Miou.awaitExn(Miou.call(echo, [0]))
            const elapsed = stopwatch()
            for (let i = 0; i < count; i++) yield* Miou.awaitExn(Miou.call(echo, [i]))
            return elapsed()
          },
          { domains: 1 },
        )
      },
      async MessageChannel(count) {
        return await withWorker({ way: 'echo' }, async (port) => {
          await ask(port, 0)
          const elapsed = stopwatch()
          for (let i = 0; i < count; i++) await ask(port, i)
          return elapsed()
        })
      },
      async piscina(count) {
        const { Piscina } = (await library('piscina')).default
        return await pool((options) => new Piscina(options), count)
      },
      async tinypool(count) {
        const { default: Tinypool } = await library('tinypool')
        return await pool((options) => new Tinypool(options), count)
      },
    },
  },
  {
    name: 'call round trip, both awake',
    unit: 'us',
    given: { 'OCaml Miou': 25 },
    peers: {
      // Each domain also runs a task that yields for ever.
      async miou(count) {
        const Miou = await ours()
        const { echo, spin } = await import('../remote.mjs')
        return await Miou.run(
          function* () {
            yield* Miou.awaitExn(Miou.call(echo, [0]))
            const here = Miou.async(() => spin())
            const there = Miou.call(spin, [])
            const elapsed = stopwatch()
            for (let i = 0; i < count; i++) yield* Miou.awaitExn(Miou.call(echo, [i]))
            const time = elapsed()
            yield* Miou.cancel(there)
            yield* Miou.cancel(here)
            return time
          },
          { domains: 1 },
        )
      },
      // Both look at their port without sleeping.
      async MessageChannel(count) {
        return await withWorker({ way: 'spin' }, async (port) => {
          const elapsed = stopwatch()
          for (let i = 0; i < count; i++) {
            port.postMessage(i)
            while (receiveMessageOnPort(port) === undefined);
          }
          const time = elapsed()
          port.postMessage('stop')
          return time
        })
      },
    },
  },
]
