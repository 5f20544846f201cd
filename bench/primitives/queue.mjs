// A queue of numbers: one operation is an enqueue or a dequeue.

import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import { withWorker } from '../hand.mjs'
import { library, ours } from '../packages.mjs'
import { stopwatch } from '../stopwatch.mjs'

/** So many are put on before they are taken off. */
const BATCH = 100

export default [
  {
    name: 'queue operation, one domain',
    unit: 'ns',
    given: { 'OCaml Miou': 77 },
    peers: {
      async miou(count) {
        const Miou = await ours()
        return await Miou.run(
          function* () {
            const queue = Miou.Queue.create()
            const elapsed = stopwatch()
            for (let done = 0; done < count; done += 2 * BATCH) {
              for (let i = 0; i < BATCH; i++) Miou.Queue.enqueue(queue, i)
              for (let i = 0; i < BATCH; i++) Miou.Queue.dequeue(queue)
            }
            return elapsed()
          },
          { domains: 0 },
        )
      },
      async effection(count) {
        const { createQueue, run } = await library('effection')
        return await run(function* () {
          const queue = createQueue()
          const elapsed = stopwatch()
          for (let done = 0; done < count; done += 2 * BATCH) {
            for (let i = 0; i < BATCH; i++) queue.add(i)
            for (let i = 0; i < BATCH; i++) yield* queue.next()
          }
          return elapsed()
        })
      },
      async effect(count) {
        const { Effect, Queue } = await library('effect')
        const main = Effect.gen(function* () {
          const queue = yield* Queue.unbounded()
          const elapsed = stopwatch()
          for (let done = 0; done < count; done += 2 * BATCH) {
            for (let i = 0; i < BATCH; i++) yield* Queue.offer(queue, i)
            for (let i = 0; i < BATCH; i++) yield* Queue.take(queue)
          }
          return elapsed()
        })
        return await Effect.runPromise(main)
      },
      async MessageChannel(count) {
        const { port1, port2 } = new MessageChannel()
        const elapsed = stopwatch()
        for (let done = 0; done < count; done += 2 * BATCH) {
          for (let i = 0; i < BATCH; i++) port1.postMessage(i)
          for (let i = 0; i < BATCH; i++) receiveMessageOnPort(port2)
        }
        const time = elapsed()
        port1.close()
        return time
      },
    },
  },
  {
    name: 'queue, a number from one domain to another',
    unit: 'ns',
    peers: {
      async miou(count) {
        const Miou = await ours()
        const { echo, produce } = await import('../remote.mjs')
        return await Miou.run(
          function* () {
            const queue = Miou.Queue.create()
            yield* Miou.awaitExn(Miou.call(echo, [0]))
            const elapsed = stopwatch()
            const producer = Miou.call(produce, [queue, count])
            for (let taken = 0; taken < count; ) {
              if (Miou.Queue.isEmpty(queue)) {
                yield* Miou.yield()
                continue
              }
              Miou.Queue.dequeue(queue)
              taken++
            }
            const time = elapsed()
            yield* Miou.awaitExn(producer)
            return time
          },
          { domains: 1 },
        )
      },
      async MessageChannel(count) {
        return await withWorker({ way: 'produce', count }, (port) => {
          return new Promise((resolve) => {
            let taken = 0
            let elapsed
            port.on('message', () => {
              // The first one is there when the worker has started.
              elapsed ??= stopwatch()
              if (++taken === count) resolve(elapsed())
            })
          })
        })
      },
    },
  },
]
