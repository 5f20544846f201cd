import * as Miou from 'miou'
import { domains } from './programs/values.js'
import { test } from './support/case.js'
import { rejects } from './support/refusal.js'

test('Domain.all is every domain of the run, 0 first, on each of them', async (t) => {
  await Miou.run(
    function* () {
      const all = Miou.Domain.all()
      t.is(all.length, 4)
      t.is(all[0], 0)
      t.is(new Set(all).size, 4)
      t.is(Miou.Domain.self(), 0)
      t.is(Miou.Domain.available(), 3)
      for (const domain of all.slice(1)) {
        t.deepEqual(yield* Miou.call(domains, [], { pin: domain }), { self: domain, all, available: 2 })
      }
    },
    { domains: 3 },
  )
})

test('B06, B07: parallel over all domains, and async here: as many domains as there are, one of them 0', async (t) => {
  await Miou.run(
    function* () {
      const here = Miou.async(() => domains())
      const there = yield* Miou.parallel(domains as () => ReturnType<typeof domains>, [1, 2, 3])
      const seen = there.map((result) => (result.ok ? result.value.self : -1))
      t.is(new Set([...seen, (yield* here).self]).size, 4)
      t.false(seen.includes(0))
    },
    { domains: 3 },
  )
})

test('without other domains there is domain 0, and none is available', async (t) => {
  t.deepEqual(await Miou.run(() => domains(), { domains: 0 }), { self: 0, all: [0], available: 0 })
})

test('outside of runs the thread is domain 0 of nothing', (t) => {
  t.is(Miou.Domain.self(), 0)
  t.deepEqual(Miou.Domain.all(), [0])
  t.is(Miou.Domain.available(), 0)
})

test('each run has domains of its own', async (t) => {
  const all = (): Generator<never, number[]> =>
    (function* () {
      return Miou.Domain.all().slice(1)
    })()
  const seen = (await Promise.all([1, 2, 3].map(() => Miou.run(all, { domains: 2 })))).flat()
  t.is(new Set(seen).size, 6)
})

test('how many domains there may be', async (t) => {
  for (const wrong of [-1, 1.5, Number.NaN, '2' as never, 1001]) {
    await rejects(t, Miou.run(all, { domains: wrong }), Miou.InvalidArgument, /domains/)
  }
})

function* all(): Generator<never, number[]> {
  return Miou.Domain.all()
}
