import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { onOneDomain } from '../support/loopback.js'
import { AT_ONCE, promptly } from '../support/promptly.js'
import { refuses } from '../support/refusal.js'

onOneDomain('X50: sleeps that are over within one look wake in the order of their deadlines', function* (t) {
  const lengths = [7, 3, 9, 1, 5, 2, 10, 4, 8, 6]
  const starts: number[] = []
  const woken: number[] = []
  const sleepers = lengths.map((ms, i) =>
    Miou.async(function* () {
      starts.push(performance.now())
      yield* Unix.sleep(ms)
      woken.push(i)
    }),
  )
  yield* Miou.yield()
  const began = performance.now()
  starts.push(began)
  while (performance.now() - began < 20);
  yield* Miou.awaitAll(sleepers)
  t.is(woken.length, 10)
  // On a busy machine some begin milliseconds after the others: each between its own start and that of the next.
  const earliest = (i: number) => starts[i]! + lengths[i]!
  const latest = (i: number) => starts[i + 1]! + lengths[i]!
  for (const [at, later] of woken.entries())
    for (const sooner of woken.slice(0, at)) t.true(earliest(sooner) <= latest(later), `${woken} ${starts}`)
})

onOneDomain('sleeps of the same length wake in the order in which they began', function* (t) {
  const order: string[] = []
  const sleepers = [...'abcdef'].map((name) =>
    Miou.async(function* () {
      yield* Unix.sleep(3)
      order.push(name)
    }),
  )
  yield* Miou.awaitAll(sleepers)
  t.is(order.join(''), 'abcdef')
})

onOneDomain('a sleep takes its time, to the millisecond, and no longer', function* (t) {
  for (const ms of [0, 1, 5, 20]) {
    yield* promptly(t, ms + 10, function* () {
      const began = performance.now()
      yield* Unix.sleep(ms)
      const took = performance.now() - began
      t.true(took >= ms, `${took} ms instead of ${ms}`)
    })
  }
})

onOneDomain('a time that is over already still lets others run', function* (t) {
  const log: string[] = []
  const other = Miou.async(function* () {
    log.push('other')
  })
  yield* Unix.sleep(-5)
  log.push('sleeper')
  yield* other
  t.deepEqual(log, ['other', 'sleeper'])
})

onOneDomain('a sleeper that is cancelled costs nothing from then on', function* (t) {
  const sleepers = Array.from({ length: 1000 }, () => Miou.async(() => Unix.sleep(100_000_000)))
  yield* Miou.yield()
  const began = performance.now()
  for (const sleeper of sleepers) yield* Miou.cancel(sleeper)
  t.true(performance.now() - began < AT_ONCE)
  yield* Unix.sleep(1)
})

onOneDomain('it takes a number of milliseconds', function* (t) {
  for (const ms of [undefined, '5', Number.NaN, null, {}]) {
    refuses(t, () => Unix.sleep(ms as number), Miou.InvalidArgument, /milliseconds/)
  }
  const forever = Miou.async(() => Unix.sleep(Number.POSITIVE_INFINITY))
  yield* Unix.sleep(2)
  t.is(forever.state, 'running')
  yield* Miou.cancel(forever)
})
