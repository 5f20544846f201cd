// The same function on every domain, all results awaited: the cost of dealing out, since the function does nothing.

import { ask, withWorker } from '../hand.mjs'
import { library, ours } from '../packages.mjs'
import { stopwatch } from '../stopwatch.mjs'

const filename = new URL('../workers/pool.mjs', import.meta.url).href
const THREADS = 2
const ITEMS = Array.from({ length: 16 }, (_, i) => i)

async function pool(make, count) {
  const threads = make({ filename, minThreads: THREADS, maxThreads: THREADS })
  const round = () => Promise.all(ITEMS.map((item) => threads.run(item)))
  await round()
  const elapsed = stopwatch()
  for (let i = 0; i < count; i++) await round()
  const time = elapsed()
  await threads.destroy()
  return time
}

export default [
  {
    name: 'parallel, 16 items on 2 threads',
    unit: 'us',
    peers: {
      async miou(count) {
        const Miou = await ours()
        const { echo } = await import('../remote.mjs')
        return await Miou.run(
          function* () {
            yield* Miou.parallel(echo, ITEMS)
            const elapsed = stopwatch()
            for (let i = 0; i < count; i++) yield* Miou.parallel(echo, ITEMS)
            return elapsed()
          },
          { domains: THREADS },
        )
      },
      async piscina(count) {
        const { Piscina } = (await library('piscina')).default
        return await pool((options) => new Piscina(options), count)
      },
      async tinypool(count) {
        const { default: Tinypool } = await library('tinypool')
        return await pool((options) => new Tinypool(options), count)
      },
      // Each worker is sent its share at once, as one would by hand.
      async MessageChannel(count) {
        const half = ITEMS.length / 2
        return await withWorker({ way: 'echo' }, (first) =>
          withWorker({ way: 'echo' }, async (second) => {
            const round = () => Promise.all([ask(first, ITEMS.slice(0, half)), ask(second, ITEMS.slice(half))])
            await round()
            const elapsed = stopwatch()
            for (let i = 0; i < count; i++) await round()
            return elapsed()
          }),
        )
      },
    },
  },
]
