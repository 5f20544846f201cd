import * as Miou from 'miou'
import { echo, fail, spin } from './programs/numbers.js'
import { test } from './support/case.js'
import { isError, refuses, rejects } from './support/refusal.js'
import { never, until } from './support/waiting.js'

const alone = { domains: 0 }
const three = { domains: 3 }

test('a collector stores tasks, of this domain and of others; each is still owed an await', async (t) => {
  const run = Miou.run(function* () {
    const collector = Miou.orphans<number>()
    t.is(collector.length, 0)
    Miou.async(() => echo(1), { orphans: collector })
    Miou.call(echo<number>, [2], { orphans: collector })
    t.is(collector.length, 2)
    const values: unknown[] = []
    for (let result = yield* Miou.get(collector); result; result = yield* Miou.get(collector))
      values.push(result.ok && result.value)
    t.deepEqual(values.sort(), [1, 2])
    t.is(collector.length, 0)
    Miou.async(() => echo(3), { orphans: collector })
  }, three)
  await rejects(t, run, Miou.StillHasChildren)
})

test('care: undefined where none is stored, null where none has ended, else the newest that has', async (t) => {
  await Miou.run(function* () {
    const collector = Miou.orphans<number>()
    t.is(Miou.care(collector), undefined)
    const first = Miou.async(() => echo(1), { orphans: collector })
    t.is(Miou.care(collector), null)
    const second = Miou.async(() => echo(2), { orphans: collector })
    const endless = Miou.async(never, { orphans: collector })
    yield* until(() => second.state === 'finished')
    t.is(Miou.care(collector), second)
    t.is(Miou.care(collector), first)
    t.is(Miou.care(collector), null)
    t.is(Miou.take(collector), endless)
    yield* Miou.awaitAll([first, second])
    yield* Miou.cancel(endless)
  }, alone)
})

test('a task that was taken before it ended is not handed out again', async (t) => {
  await Miou.run(function* () {
    const collector = Miou.orphans<number>()
    const first = Miou.async(never, { orphans: collector })
    const second = Miou.async(() => echo(2), { orphans: collector })
    t.is(Miou.take(collector), second)
    t.is(yield* second, 2)
    t.is(Miou.care(collector), null)
    t.is(collector.length, 1)
    yield* Miou.cancel(first)
    t.is(Miou.care(collector), first)
    t.is(Miou.care(collector), undefined)
  }, alone)
})

test('what care and take hand out must be awaited', async (t) => {
  for (const ask of [Miou.care, Miou.take]) {
    const run = Miou.run(function* () {
      const collector = Miou.orphans<number>()
      const child = Miou.async(() => echo(1), { orphans: collector })
      yield* until(() => child.state === 'finished')
      t.is(ask(collector), child)
    }, alone)
    await rejects(t, run, Miou.StillHasChildren)
  }
})

test('get waits for one to end, prefers one that returned, and leaves the others', async (t) => {
  await Miou.run(function* () {
    const collector = Miou.orphans<number>()
    t.is(yield* Miou.get(collector), undefined)
    const endless = Miou.async(never, { orphans: collector })
    const tasks = [
      Miou.async(() => fail('x'), { orphans: collector }),
      Miou.async(() => echo(2), { orphans: collector }),
    ]
    yield* until(() => tasks.every((task) => task.state !== 'running'))
    t.deepEqual(yield* Miou.get(collector), { ok: true, value: 2 })
    const failed = yield* Miou.get(collector)
    isError(t, failed!.ok || failed!.error, Error, /^x$/)
    t.is(collector.length, 1)
    yield* Miou.cancel(endless)
    const cancelled = yield* Miou.get(collector)
    isError(t, cancelled!.ok || cancelled!.error, Miou.Cancelled)
    t.is(yield* Miou.get(collector), undefined)
  }, alone)
})

test('get is woken by a task that is stored while it waits', async (t) => {
  await Miou.run(function* () {
    const collector = Miou.orphans<string>()
    const parent = Miou.async(function* () {
      const own = Miou.orphans<string>()
      Miou.async(never, { orphans: own })
      const helper = Miou.async(function* () {
        for (let i = 0; i < 3; i++) yield* Miou.yield()
      })
      yield* helper
      Miou.call(echo<string>, ['late'], { orphans: own })
      const result = yield* Miou.get(own)
      t.deepEqual(result, { ok: true, value: 'late' })
      yield* Miou.cancel(Miou.take(own)!)
    })
    yield* parent
    t.is(collector.length, 0)
  }, three)
})

test('a get that is cancelled leaves nothing behind: the collector works on, and nobody hangs', async (t) => {
  await Miou.run(function* () {
    let collector: Miou.Orphans<number> | undefined
    const child = Miou.async(function* () {
      collector = Miou.orphans<number>()
      Miou.async(never, { orphans: collector })
      try {
        yield* Miou.get(collector)
      } finally {
        t.is(collector.length, 1)
      }
    })
    yield* until(() => collector !== undefined)
    yield* Miou.yield()
    yield* Miou.cancel(child)
  }, alone)
})

test('awaiting a stored task does not take it out: it is handed out all the same', async (t) => {
  await Miou.run(function* () {
    const collector = Miou.orphans<number>()
    const child = Miou.async(() => echo(1), { orphans: collector })
    t.is(yield* child, 1)
    t.is(collector.length, 1)
    t.is(Miou.care(collector), child)
    const cancelled = Miou.call(spin, [], { orphans: collector as Miou.Orphans<never> })
    yield* Miou.cancel(cancelled)
    const result = yield* Miou.get(collector)
    isError(t, result!.ok || result!.error, Miou.Cancelled)
  }, three)
})

test('drain waits for all, those included that are stored meanwhile, and tells how each ended', async (t) => {
  await Miou.run(function* () {
    const collector = Miou.orphans<number>()
    t.deepEqual(yield* Miou.drain(collector), [])
    for (let i = 0; i < 100; i++) Miou.async(() => (i % 10 ? echo(i) : fail('tenth')), { orphans: collector })
    const results = yield* Miou.drain(collector)
    t.is(results.length, 100)
    t.is(results.filter((result) => result.ok).length, 90)
    t.is(collector.length, 0)
  }, alone)
})

test('a collector costs no more per task when it is large (100 000)', async (t) => {
  await Miou.run(function* () {
    /** Microseconds of CPU that draining so many takes, for each of them. */
    function* drains(count: number): Generator<Miou.Suspension, number> {
      const collector = Miou.orphans<number>()
      for (let i = 0; i < count; i++) Miou.async(() => echo(i), { orphans: collector })
      const before = process.cpuUsage()
      t.is((yield* Miou.drain(collector)).length, count)
      const { user, system } = process.cpuUsage(before)
      return (user + system) / count
    }
    const few = yield* drains(10_000)
    const many = yield* drains(100_000)
    t.true(many < 5 * few, `${many} us instead of ${few}`)
  }, alone)
})

test('M08: a loop that cares before each spawn keeps its collector small, and memory flat', async (t) => {
  await Miou.run(function* () {
    const collector = Miou.orphans<number>()
    let longest = 0
    for (let i = 0; i < 1000; i++) {
      for (let task = Miou.care(collector); task; task = Miou.care(collector)) yield* task
      Miou.async(() => echo(i), { orphans: collector })
      longest = Math.max(longest, collector.length)
      yield* Miou.yield()
    }
    t.true(longest < 10, `${longest}`)
    yield* Miou.drain(collector)
  }, alone)
})

test('a collector belongs to one task: any other is refused, before anything exists', async (t) => {
  await Miou.run(function* () {
    const collector = Miou.orphans<number>()
    t.is(Miou.care(collector), undefined)
    yield* Miou.async(function* () {
      const says = /owned by another/
      for (const ask of [Miou.care, Miou.take, Miou.get, Miou.drain])
        refuses(t, () => ask(collector), Miou.InvalidArgument, says)
      refuses(t, () => Miou.async(() => echo(1), { orphans: collector }), Miou.InvalidArgument, says)
      refuses(t, () => Miou.call(echo<number>, [1], { orphans: collector }), Miou.InvalidArgument, says)
      t.is(collector.length, 0, 'length may be asked by anybody')
    })
    for (const ask of [Miou.care, Miou.take, Miou.get, Miou.drain])
      refuses(t, () => ask({} as never), Miou.InvalidArgument, /orphans\(\)/)
    refuses(t, () => Miou.async(() => echo(1), { orphans: [] as never }), Miou.InvalidArgument, /orphans\(\)/)
  }, three)
})
