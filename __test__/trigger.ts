import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { waitingInRust } from '../dist/io.js'
import {
  attaches,
  awaits,
  diesAwaiting,
  makesTriggers,
  sameHandle,
  signalsAll,
  signalsAt,
} from './programs/triggers.js'
import { test } from './support/case.js'
import { collectedEverywhere, leastEverywhere } from './programs/collected.js'
import { collected, objects } from './support/collected.js'
import { logged } from './support/logged.js'
import { isError, refuses } from './support/refusal.js'
import { reaches, until, words } from './support/waiting.js'

const alone = { domains: 0 }
const two = { domains: 2 }
const { Trigger } = Miou

test('a trigger is signaled once, and stays so', async (t) => {
  const trigger = Trigger.create()
  t.false(Trigger.isSignaled(trigger))
  Trigger.signal(trigger)
  Trigger.signal(trigger)
  t.true(Trigger.isSignaled(trigger))
  await Miou.run(function* () {
    yield* Trigger.await(trigger)
    yield* Trigger.await(trigger)
  }, alone)
  t.true(Trigger.isSignaled(trigger))
})

test('waiting for a signaled trigger completes at once, without a switch', async (t) => {
  await Miou.run(function* () {
    const trigger = Trigger.create()
    Trigger.signal(trigger)
    const log: string[] = []
    const other = Miou.async(function* () {
      log.push('other')
    })
    yield* Trigger.await(trigger)
    log.push('main')
    yield* other
    t.deepEqual(log, ['main', 'other'])
  }, alone)
})

test('C32: a waiter goes on when a task, a timer or a promise signals', async (t) => {
  await Miou.run(function* () {
    for (const signal of [
      (trigger: Miou.Trigger) => setTimeout(() => Trigger.signal(trigger), 5),
      (trigger: Miou.Trigger) => void Promise.resolve().then(() => Trigger.signal(trigger)),
      (trigger: Miou.Trigger) => setImmediate(() => Trigger.signal(trigger)),
    ]) {
      const trigger = Trigger.create()
      signal(trigger)
      yield* Trigger.await(trigger)
      t.true(Trigger.isSignaled(trigger))
    }
    const trigger = Trigger.create()
    const task = Miou.async(() => Trigger.await(trigger))
    yield* Miou.yield()
    Trigger.signal(trigger)
    yield* task
    t.is(waitingInRust(), 0)
  }, alone)
})

test('one waits at a time: the second task, and the second callback, are refused', async (t) => {
  await Miou.run(function* () {
    const trigger = Trigger.create()
    const first = Miou.async(() => Trigger.await(trigger))
    const second = Miou.async(() => Trigger.await(trigger))
    yield* until(() => second.state !== 'running')
    const result = yield* Miou.await(second)
    isError(t, result.ok || result.error, Miou.InvalidArgument, /somebody waits/)
    refuses(t, () => Trigger.onSignal(trigger, () => t.fail()), Miou.InvalidArgument, /somebody waits/)
    Trigger.signal(trigger)
    yield* first

    const called = Trigger.create()
    let calls = 0
    t.true(Trigger.onSignal(called, () => calls++))
    refuses(t, () => Trigger.onSignal(called, () => t.fail()), Miou.InvalidArgument)
    const late = Miou.async(() => Trigger.await(called))
    const refused = yield* Miou.await(late)
    isError(t, refused.ok || refused.error, Miou.InvalidArgument, /somebody waits/)
    Trigger.signal(called)
    t.is(calls, 1)
  }, alone)
})

test('cancelling a waiting task leaves the trigger to another one', async (t) => {
  await Miou.run(function* () {
    const trigger = Trigger.create()
    const first = Miou.async(() => Trigger.await(trigger))
    yield* Unix.sleep(1)
    yield* Miou.cancel(first)
    const second = Miou.async(() => Trigger.await(trigger))
    yield* Unix.sleep(1)
    Trigger.signal(trigger)
    yield* second
    t.is(waitingInRust(), 0)
  }, alone)
})

test('a task that is cancelled in the moment of the signal unwinds, and the trigger stays signaled', async (t) => {
  await Miou.run(function* () {
    const trigger = Trigger.create()
    const task = Miou.async(() => Trigger.await(trigger))
    yield* Unix.sleep(1)
    Trigger.signal(trigger)
    yield* Miou.cancel(task)
    const result = yield* Miou.await(task)
    isError(t, result.ok || result.error, Miou.Cancelled)
    yield* Trigger.await(trigger)
    yield* Unix.sleep(1)
    t.is(waitingInRust(), 0)
  }, alone)
})

test('a callback is called by the signal of its own domain, outside of tasks, once', async (t) => {
  await Miou.run(function* () {
    const trigger = Trigger.create()
    let calls = 0
    t.true(
      Trigger.onSignal(trigger, () => {
        calls++
        refuses(t, () => Miou.self(), Miou.NotInTask)
      }),
    )
    const self = Miou.self()
    Trigger.signal(trigger)
    t.is(calls, 1)
    t.is(Miou.self(), self)
    Trigger.signal(trigger)
    yield* Unix.sleep(1)
    t.is(calls, 1)
    t.false(Trigger.onSignal(trigger, () => t.fail()))
  }, alone)
})

test('what a callback throws is logged, and is not the error of the one who signals', async (t) => {
  const trigger = Trigger.create()
  Trigger.onSignal(trigger, () => {
    throw new Error('of the callback')
  })
  const text = await logged(() => Trigger.signal(trigger))
  t.regex(text, /a callback of Trigger\.onSignal threw.*of the callback/)
})

test('triggers work outside of runs', async (t) => {
  const trigger = Trigger.create()
  await new Promise<void>((resolve) => {
    t.true(Trigger.onSignal(trigger, resolve))
    setTimeout(() => Trigger.signal(trigger), 5)
  })
  t.true(Trigger.isSignaled(trigger))
})

test('X62: a task that another domain signals goes on, on its own domain, also where that sleeps', async (t) => {
  await Miou.run(function* () {
    const domains = Miou.Domain.all()
    for (let i = 0; i < 20; i++) {
      const shared = words(1)
      const trigger = Trigger.create()
      const waiter = Miou.call(awaits, [trigger, shared], { pin: domains[1]! })
      yield* reaches(shared, 0)
      if (i % 2 === 0) yield* Unix.sleep(2)
      yield* Miou.call(signalsAt, [trigger, shared, 0, 1], { pin: domains[2]! })
      t.is(yield* waiter, domains[1]!)
      t.true(Trigger.isSignaled(trigger))
    }
    const shared = words(1)
    const trigger = Trigger.create()
    const signal = Miou.call(signalsAt, [trigger, shared, 0, 0])
    yield* Trigger.await(trigger)
    t.is(Miou.Domain.self(), 0)
    yield* signal
  }, two)
})

test('a callback is called on the domain that attached it, when another one signals', async (t) => {
  await Miou.run(function* () {
    const trigger = Trigger.create()
    const shared = words(1)
    let calls = 0
    Trigger.onSignal(trigger, () => {
      t.is(Miou.Domain.self(), 0)
      calls++
    })
    yield* Miou.call(signalsAt, [trigger, shared, 0, 0])
    yield* until(() => calls > 0)
    t.is(calls, 1)
  }, two)
})

test('S01: of callbacks that several domains attach while others signal, one at most is called, once, and no win is lost', async (t) => {
  const seen = { lost: 0, won: 0, refused: 0 }
  await Miou.run(
    function* () {
      for (let round = 0; round < 60; round++) {
        const shared = words(5)
        const trigger = Trigger.create()
        const work = [
          Miou.call(attaches, [trigger, shared]),
          Miou.call(attaches, [trigger, shared]),
          Miou.call(signalsAll, [[trigger], shared]),
          Miou.call(signalsAll, [[trigger], shared]),
        ]
        for (const task of work) yield* task
        const [lost, , refused, won] = shared
        t.true(won! <= 1)
        t.is(won! + lost! + refused!, 2)
        yield* reaches(shared, 1, won)
        t.is(Atomics.load(shared, 1), won)
        t.true(Trigger.isSignaled(trigger))
        seen.lost += lost!
        seen.won += won!
        seen.refused += refused!
      }
    },
    { domains: 3 },
  )
  t.true(seen.won > 0)
  t.log(seen)
})

test('a waiter whose domain dies is forgotten: another one may wait', async (t) => {
  await Miou.run(function* () {
    const trigger = Trigger.create()
    const result = yield* Miou.await(Miou.call(diesAwaiting, [trigger]))
    isError(t, result.ok || result.error, Miou.DomainDied)
    yield* until(() => {
      try {
        return Trigger.onSignal(trigger, () => {})
      } catch {
        return false
      }
    })
    Trigger.signal(trigger)
    t.true(Trigger.isSignaled(trigger))
  }, two)
})

test('a handle that crosses twice is one handle, in arguments and in results', async (t) => {
  await Miou.run(function* () {
    const trigger = Trigger.create()
    t.true(yield* Miou.call(sameHandle, [trigger, { again: trigger }]))
    const [a, b] = yield* Miou.call(makesTriggers, [2])
    t.not(a, b)
    Trigger.signal(a!)
    t.deepEqual([Trigger.isSignaled(a!), Trigger.isSignaled(b!)], [true, false])
  }, two)
})

test('a trigger that nobody holds any more is gone, on whatever domains it was', async (t) => {
  await Miou.run(function* () {
    const before = yield* collectedEverywhere(0)
    yield* Miou.async(function* () {
      for (let i = 0; i < 5; i++) {
        const made = yield* Miou.call(makesTriggers, [20])
        t.true(objects() > before + 10)
        yield* Miou.call(signalsAll, [made, words(5)])
      }
    })
    t.true((yield* collectedEverywhere(before + 10)) <= before + 10)
  }, two)
})

test('a callback does not keep a trigger that nobody can signal', async (t) => {
  const before = await leastEverywhere()
  for (let i = 0; i < 50; i++) Trigger.onSignal(Trigger.create(), () => t.fail())
  t.is(waitingInRust(), 50)
  t.true((await collected(before + 10)) <= before + 10)
  await Miou.run(() => Unix.sleep(1), alone)
  t.is(waitingInRust(), 0)
})

test('wrong arguments of triggers are refused', async (t) => {
  for (const call of [
    () => Trigger.signal({} as never),
    () => Trigger.isSignaled(undefined as never),
    () => Trigger.onSignal(1 as never, () => {}),
    () => Trigger.onSignal(Trigger.create(), 1 as never),
  ]) {
    refuses(t, call, Miou.InvalidArgument, /trigger/)
  }
  refuses(t, () => Trigger.await(Trigger.create()), Miou.NotInTask)
  await Miou.run(function* () {
    refuses(t, () => Trigger.await({} as never), Miou.InvalidArgument, /trigger/)
  }, alone)
})
