// Useful work: a directory tree of 1 024 files hashed on two threads.

import { hashFolder, withTree } from '../folder.mjs'
import { ask, withWorker } from '../hand.mjs'
import { library, ours } from '../packages.mjs'
import { stopwatch } from '../stopwatch.mjs'

const filename = new URL('../workers/pool.mjs', import.meta.url).href
const THREADS = 2

async function pool(make, count) {
  const threads = make({ filename, minThreads: THREADS, maxThreads: THREADS })
  return await withTree(async (folders) => {
    const round = () => Promise.all(folders.map((folder) => threads.run(folder, { name: 'hash' })))
    await round()
    const elapsed = stopwatch()
    for (let i = 0; i < count; i++) await round()
    const time = elapsed()
    await threads.destroy()
    return time
  })
}

export default [
  {
    name: 'a tree of 1 024 files hashed, two threads',
    unit: 'ms',
    peers: {
      async miou(count) {
        const Miou = await ours()
        const { hash } = await import('../remote.mjs')
        return await withTree((folders) =>
          Miou.run(
            function* () {
              yield* Miou.parallel(hash, folders)
              const elapsed = stopwatch()
              for (let i = 0; i < count; i++) yield* Miou.parallel(hash, folders)
              return elapsed()
            },
            { domains: THREADS },
          ),
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
      // Two workers by hand, each of which is sent a folder when it has done the one before.
      async MessageChannel(count) {
        return await withTree((folders) =>
          withWorker({ way: 'hash' }, (first) =>
            withWorker({ way: 'hash' }, async (second) => {
              const round = async () => {
                let next = 0
                const serve = async (port) => {
                  while (next < folders.length) await ask(port, folders[next++])
                }
                await Promise.all([serve(first), serve(second)])
              }
              await round()
              const elapsed = stopwatch()
              for (let i = 0; i < count; i++) await round()
              return elapsed()
            }),
          ),
        )
      },
      async 'one thread'(count) {
        return await withTree(async (folders) => {
          const elapsed = stopwatch()
          for (let i = 0; i < count; i++) for (const folder of folders) hashFolder(folder)
          return elapsed()
        })
      },
    },
  },
]
