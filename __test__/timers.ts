import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { clearTimer, elapseTimers, nextDeadline, setTimer, type Timer } from '../dist/timers.js'
import { AT_ONCE, promptly } from './support/promptly.js'
import { test } from './support/case.js'
import { refuses } from './support/refusal.js'
import { until } from './support/waiting.js'

const alone = { domains: 0 }

test('below zero counts as zero, which suspends all the same; what is no number is refused', async (t) => {
  await Miou.run(function* () {
    let others = 0
    const other = Miou.async(function* () {
      others++
    })
    yield* Unix.sleep(-5)
    t.is(others, 1)
    yield* other
    for (const wrong of [undefined, null, '1', Number.NaN, {}]) {
      refuses(t, () => Unix.sleep(wrong as never), Miou.InvalidArgument, /number of milliseconds/)
    }
  }, alone)
})

test('B18, R03: sleeps run beside each other, not one after the other', async (t) => {
  await Miou.run(function* () {
    yield* promptly(t, 149, () => {
      const tasks = [50, 100].map((ms) => Miou.async(() => Unix.sleep(ms)))
      return Miou.awaitAll(tasks)
    })
  }, alone)
})

test('R03, M11: a task that throws does not wait for the sleep of its child', async (t) => {
  await Miou.run(function* () {
    const start = performance.now()
    const parent = Miou.async(function* () {
      Miou.async(() => Unix.sleep(10 * AT_ONCE))
      yield* Miou.yield()
      throw new Error('p')
    })
    t.false((yield* Miou.await(parent)).ok)
    t.true(performance.now() - start < AT_ONCE)
  }, alone)
})

test('B22: a thread that is blocked serialises its domain', async (t) => {
  await Miou.run(function* () {
    const start = performance.now()
    const block = function* (): Generator<never, void> {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30)
    }
    yield* Miou.awaitAll([Miou.async(block), Miou.async(block)])
    t.true(performance.now() - start >= 59)
  }, alone)
})

test('ten thousand sleepers wake in the order of their deadlines, and those that are cancelled do not', async (t) => {
  await Miou.run(function* () {
    const woken: number[] = []
    const tasks = Array.from({ length: 10_000 }, (_, n) => {
      const ms = (n * 7919) % 200
      return Miou.async(function* () {
        // The operation is its own timer, and knows its deadline.
        const sleeping = Unix.sleep(ms)
        yield* sleeping
        woken.push((sleeping as unknown as Timer).deadline)
      })
    })
    yield* Miou.yield()
    let cancelled = 0
    for (let n = 0; n < 10_000; n += 10) {
      if (tasks[n]!.state === 'running') cancelled++
      yield* Miou.cancel(tasks[n]!)
    }
    yield* Miou.awaitAll(tasks)
    t.true(cancelled > 0)
    t.is(woken.length, 10_000 - cancelled)
    for (let i = 1; i < woken.length; i++) {
      if (woken[i]! < woken[i - 1]!) t.fail(`${woken[i - 1]} before ${woken[i]}`)
    }
    t.is(nextDeadline(), -1, 'nothing is left')
  }, alone)
})

test('a domain that only sleeps does not spin', async (t) => {
  await Miou.run(function* () {
    yield* Unix.sleep(20)
    const before = process.cpuUsage()
    const start = performance.now()
    yield* Unix.sleep(300)
    const { user, system } = process.cpuUsage(before)
    const ms = performance.now() - start
    t.true((user + system) / 1000 < ms / 2, `${user + system} us of CPU in ${ms} ms`)
  }, alone)
})

test('a sleeper wakes beside tasks that never stop', async (t) => {
  await Miou.run(function* () {
    let on = true
    const busy = Miou.async(() => until(() => !on))
    yield* promptly(t, 20, () => Unix.sleep(10))
    on = false
    yield* busy
  }, alone)
})

test('timers elapse in the order of their deadlines', (t) => {
  const elapsed: number[] = []
  for (let n = 0; n < 1000; n++) {
    const timer: Timer = { deadline: 0, order: 0, place: -1, elapse: () => elapsed.push(timer.deadline) }
    setTimer(timer, ((n * 7919) % 500) / 1000)
  }
  const start = performance.now()
  while (performance.now() - start < 2);
  elapseTimers()
  t.is(elapsed.length, 1000)
  t.deepEqual(
    elapsed,
    elapsed.slice().sort((a, b) => a - b),
  )
})

test('timers of the same deadline elapse in the order in which they were set; one may clear another', (t) => {
  const order: number[] = []
  const timer = (n: number, then?: () => void): Timer => ({
    deadline: 0,
    order: 0,
    place: -1,
    elapse() {
      order.push(n)
      then?.()
    },
  })
  const second = timer(2)
  const all = [timer(0), timer(1, () => clearTimer(second)), second, timer(3)]
  for (const one of all) setTimer(one, 0)
  t.true(nextDeadline() > 0)
  const start = performance.now()
  while (performance.now() - start < 1);
  elapseTimers()
  t.deepEqual(order, [0, 1, 3])
  t.is(nextDeadline(), -1)
  clearTimer(second)
})
