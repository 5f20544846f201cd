import * as Miou from 'miou'
import { pingPong } from '../programs/locking.js'
import { addsUnder, counts, numbers, type Seen } from '../programs/stressing.js'
import { stress } from '../support/stress.js'
import { words } from '../support/waiting.js'

/* Several domains at once, for a while. */

stress(
  'a queue of 3 producers and 3 consumers loses nothing, doubles nothing, and keeps the order of each producer',
  999_990,
  async (t, count) => {
    await Miou.run(
      function* () {
        const each = count / 3
        const queue = Miou.Queue.create<number>()
        const left = words(1)
        left[0] = count
        const [, a, b, c] = Miou.Domain.all() as [number, number, number, number]
        const consumers = [a, b, c].map((pin) => Miou.call(counts, [queue, left, 3], { pin }))
        const producers = [a, b, c].map((pin, own) => Miou.call(numbers, [queue, each, own, 3], { pin }))
        for (const producer of producers) yield* producer
        const seen: Seen[][] = []
        for (const consumer of consumers) seen.push(yield* consumer)
        for (let own = 0; own < 3; own++) {
          const of = seen.map((one) => one[own]!)
          t.is(
            of.reduce((sum, one) => sum + one.count, 0),
            each,
          )
          t.is(
            of.reduce((sum, one) => sum + one.sum, 0),
            (each * (each - 1)) / 2,
          )
          t.true(of.every((one) => one.disorder === 0))
        }
        t.is(left[0], 0)
        t.true(Miou.Queue.isEmpty(queue))
      },
      { domains: 3 },
    )
  },
)

stress('under a named mutex a plain increment by 4 domains is exact', 1_000_000, async (t, count) => {
  const shared = words(1)
  await Miou.run(
    function* () {
      const tasks = [1, 2, 3, 4].map((at) =>
        Miou.call(addsUnder, ['__test__ stress', shared, count / 4], { pin: Miou.Domain.all()[at]! }),
      )
      for (const task of tasks) yield* task
    },
    { domains: 4 },
  )
  t.is(shared[0], count)
})

stress('ping-pong over a condition, between two domains, never hangs', 1_000_000, async (t, count) => {
  const shared = words(1)
  await Miou.run(
    function* () {
      const mutex = Miou.Mutex.create()
      const condition = Miou.Condition.create()
      const [, a, b] = Miou.Domain.all() as [number, number, number]
      const tasks = [a, b].map((pin, me) => Miou.call(pingPong, [condition, mutex, shared, me, count / 2], { pin }))
      for (const task of tasks) yield* task
    },
    { domains: 2 },
  )
  t.is(shared[0], count)
})
