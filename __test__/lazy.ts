import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { waitingInRust } from '../dist/io.js'
import { collectedEverywhere } from './programs/collected.js'
import { computes, countIn, fails, forces, makesLazy, opens, returnsFunction, stumbles } from './programs/lazies.js'
import { forces as forcesLazy, makesMemory } from './programs/values.js'
import { test } from './support/case.js'
import { isError, refuses } from './support/refusal.js'
import { forever, never, promised, reaches, until, words } from './support/waiting.js'
import { leastObjects } from './support/collected.js'

const alone = { domains: 0 }
const two = { domains: 2 }
const { Lazy } = Miou

test('the function runs once, in the task that forces first; the others wait and get the same value', async (t) => {
  await Miou.run(function* () {
    let calls = 0
    const lazy = Lazy.fromFunction(function* () {
      calls++
      yield* Unix.sleep(1)
      return { by: Miou.self().id }
    })
    const tasks = [1, 2, 3].map(() => Miou.async(() => Lazy.force(lazy)))
    const values: { by: number }[] = []
    for (const task of tasks) values.push(yield* task)
    t.is(calls, 1)
    t.deepEqual(values[0], { by: tasks[0]!.id })
    t.true(values.every((value) => value === values[0]))
    t.is(yield* Lazy.force(lazy), values[0]!)
    t.is(waitingInRust(), 0)
  }, alone)
})

test('a value that is there is forced without a switch', async (t) => {
  await Miou.run(function* () {
    const value = { itself: true }
    const log: string[] = []
    const other = Miou.async(function* () {
      log.push('other')
    })
    t.is(yield* Lazy.force(Lazy.fromValue(value)), value)
    t.is(yield* Lazy.force(Lazy.fromValue(undefined)), undefined)
    log.push('main')
    yield* other
    t.deepEqual(log, ['main', 'other'])
  }, alone)
})

test('what the function throws, everybody gets: the same error each time', async (t) => {
  await Miou.run(function* () {
    let calls = 0
    const lazy = Lazy.fromFunction(function* (): Generator<Miou.Suspension, never> {
      calls++
      yield* Miou.yield()
      throw new RangeError('of the function')
    })
    const errors: RangeError[] = []
    for (const task of [1, 2, 3].map(() => Miou.async(() => Lazy.force(lazy)))) {
      const result = yield* Miou.await(task)
      errors.push(isError(t, result.ok || result.error, RangeError, /of the function/))
    }
    t.true(errors.every((error) => error === errors[0]))
    t.is(calls, 1)
  }, alone)
})

test('a function that is no generator may return an operation', async (t) => {
  await Miou.run(function* () {
    const child = Miou.async(function* () {
      return 5
    })
    t.is(yield* Lazy.force(Lazy.fromFunction(() => Miou.awaitExn(child))), 5)
  }, alone)
})

test('a task that forces what it computes gets Undefined, and may go on', async (t) => {
  await Miou.run(function* () {
    const lazy: Miou.Lazy<number> = Lazy.fromFunction(function* () {
      try {
        return yield* Lazy.force(lazy)
      } catch (error) {
        isError(t, error, Miou.Undefined, /can not wait for itself/)
        return 7
      }
    })
    t.is(yield* Lazy.force(lazy), 7)
    const other: Miou.Lazy<number> = Lazy.fromFunction(() => Lazy.force(other))
    const result = yield* Miou.await(Miou.async(() => Lazy.force(other)))
    isError(t, result.ok || result.error, Miou.Undefined)
  }, alone)
})

const bodies: [string, () => Generator<Miou.Suspension, number>][] = [
  [
    'waits',
    function* () {
      yield* never()
      return 0
    },
  ],
  [
    'returns all the same',
    function* () {
      try {
        yield* never()
      } catch {}
      return 0
    },
  ],
  [
    'throws something else while it unwinds',
    function* () {
      try {
        yield* never()
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: what a task throws while it unwinds
        throw new Error('while it unwound')
      }
    },
  ],
  [
    'swallows every Cancelled and is dropped',
    function* () {
      for (;;) {
        try {
          yield* forever()
        } catch {}
      }
    },
  ],
]
for (const [what, body] of bodies) {
  test(`a forcer that is cancelled and ${what} leaves it to the next one who waits`, async (t) => {
    await Miou.run(function* () {
      let calls = 0
      const lazy = Lazy.fromFunction(function* () {
        if (++calls === 1) return yield* body()
        return calls
      })
      const first = Miou.async(() => Lazy.force(lazy))
      const others = [1, 2].map(() => Miou.async(() => Lazy.force(lazy)))
      yield* Unix.sleep(1)
      yield* Miou.cancel(first)
      for (const other of others) t.is(yield* other, 2)
      t.is(yield* Lazy.force(lazy), 2)
      t.is(waitingInRust(), 0)
    }, alone)
  })
}

test('one who waits and is cancelled leaves nothing behind, and the forcer goes on', async (t) => {
  await Miou.run(function* () {
    const go = Miou.Trigger.create()
    const lazy = Lazy.fromFunction(function* () {
      yield* Miou.Trigger.await(go)
      return 3
    })
    const first = Miou.async(() => Lazy.force(lazy))
    const second = Miou.async(() => Lazy.force(lazy))
    yield* Unix.sleep(1)
    yield* Miou.cancel(second)
    Miou.Trigger.signal(go)
    t.is(yield* first, 3)
    t.is(waitingInRust(), 0)
  }, alone)
})

test('the Cancelled of a child that the function awaits is its error, for all', async (t) => {
  await Miou.run(function* () {
    const lazy = Lazy.fromFunction(function* () {
      const child = Miou.async(never)
      yield* Miou.cancel(child)
      return yield* Miou.awaitExn(child)
    })
    for (const task of [1, 2].map(() => Miou.async(() => Lazy.force(lazy)))) {
      const result = yield* Miou.await(task)
      isError(t, result.ok || result.error, Miou.Cancelled)
      t.is(task.state, 'exited')
    }
  }, alone)
})

test('one over a portable function is computed once for all domains; each gets a clone', async (t) => {
  await Miou.run(function* () {
    for (let round = 0; round < 10; round++) {
      const shared = words(4)
      yield* countIn(shared)
      const lazy = Lazy.fromFunction(computes)
      const [, a, b] = Miou.Domain.all()
      const tasks = [a!, b!, a!].map((pin) => Miou.call(forces<{ domain: number }>, [lazy, shared], { pin }))
      if (round % 2 === 0) yield* reaches(shared, 3, 3)
      const here = Miou.async(() => Lazy.force(lazy))
      yield* reaches(shared, 0)
      Atomics.store(shared, 1, 1)
      const value = yield* here
      for (const task of tasks) t.deepEqual(yield* task, value)
      t.is(Atomics.load(shared, 0), 1)
      if (round % 2 === 0) t.not(value.domain, 0)
    }
  }, two)
})

test('its error reaches all domains', async (t) => {
  await Miou.run(function* () {
    const shared = words(4)
    yield* countIn(shared)
    const lazy = Lazy.fromFunction(fails)
    const tasks = [1, 2].map((at) => Miou.call(forces<never>, [lazy, shared], { pin: Miou.Domain.all()[at]! }))
    for (const task of [...tasks, Miou.async(() => Lazy.force(lazy))]) {
      const result = yield* Miou.await(task as Miou.Task<unknown>)
      isError(t, result.ok || result.error, RangeError, /failed on domain/)
    }
    t.is(shared[0], 1)
  }, two)
})

test('a value that can not cross, of one that did, is for all the error that says so', async (t) => {
  await Miou.run(function* () {
    const shared = words(4)
    const lazy = Lazy.fromFunction(returnsFunction)
    const first = yield* Miou.await(Miou.call(forces<() => number>, [lazy, shared]))
    isError(t, first.ok || first.error, Miou.InvalidArgument, /can't cross/)
    const here = yield* Miou.await(Miou.async(() => Lazy.force(lazy)))
    isError(t, here.ok || here.error, Miou.InvalidArgument, /the outcome of a lazy value/)
  }, two)
})

test('it crosses with its outcome where that is there, and back, as the same handle', async (t) => {
  await Miou.run(function* () {
    const shared = words(4)
    shared[1] = 1
    yield* countIn(shared)
    const value = { kept: true }
    t.deepEqual(yield* Miou.call(forces<{ kept: boolean }>, [Lazy.fromValue(value), shared]), value)
    const lazy = Lazy.fromFunction(computes)
    const made = yield* Lazy.force(lazy)
    t.deepEqual(yield* Miou.call(forces<{ domain: number }>, [lazy, shared]), made)
    t.is(shared[0], 1)
    const failed = Lazy.fromFunction(fails)
    yield* Miou.await(Miou.async(() => Lazy.force(failed)))
    const elsewhere = yield* Miou.await(Miou.call(forces<never>, [failed, shared]))
    isError(t, elsewhere.ok || elsewhere.error, RangeError, /failed on domain 0/)
    for (const force of [false, true]) {
      const there = yield* Miou.call(makesLazy, [shared, force])
      t.is((yield* Lazy.force(there)).domain === 0, !force)
      const queue = Miou.Queue.create<typeof there>()
      Miou.Queue.enqueue(queue, there)
      t.is(Miou.Queue.dequeue(queue), there)
    }
  }, two)
})

for (const [way, what] of ['is cancelled', 'is dropped', 'dies with its domain'].entries()) {
  test(`a forcer on another domain that ${what} leaves it to one who waits elsewhere`, async (t) => {
    await Miou.run(function* () {
      const shared = words(4)
      shared[2] = way
      yield* countIn(shared)
      const lazy = Lazy.fromFunction(stumbles)
      const [, a, b] = Miou.Domain.all()
      const forcer = Miou.call(forces<string>, [lazy, shared], { pin: a! })
      yield* reaches(shared, 0)
      const waiter = Miou.call(forces<string>, [lazy, shared], { pin: b! })
      const here = Miou.async(() => Lazy.force(lazy))
      yield* reaches(shared, 3, 2)
      yield* Unix.sleep(2)
      if (way < 2) yield* Miou.cancel(forcer)
      else Atomics.store(shared, 1, 1)
      t.is(yield* waiter, 'the second time')
      t.is(yield* here, 'the second time')
      const result = yield* Miou.await(forcer)
      isError(t, result.ok || result.error, (way < 2 ? Miou.Cancelled : Miou.DomainDied) as typeof Miou.MiouError)
      t.is(shared[0], 2)
      yield* until(() => waitingInRust() === 0)
    }, two)
  })
}

test('one over a function that is not portable does not cross, and says how it would', async (t) => {
  await Miou.run(function* () {
    const lazy = Lazy.fromFunction(function* () {
      return 1
    })
    refuses(t, () => Miou.call(forces<number>, [lazy, words(4)]), Miou.InvalidArgument, /fromFunction\(portable/)
    refuses(t, () => Miou.Queue.enqueue(Miou.Queue.create(), lazy), Miou.InvalidArgument, /portable/)
    t.is(yield* Lazy.force(lazy), 1)
    t.is(yield* Miou.call(forces<number>, [lazy, words(4)]), 1)
  }, two)
})

test('descriptors are refused: a lazy value can be had by many', async (t) => {
  await Miou.run(function* () {
    const fd = Unix.tcpv4()
    refuses(t, () => Lazy.fromValue({ deep: [fd] }), Miou.InvalidArgument, /descriptor/)
    Unix.close(fd)
    for (const lazy of [Lazy.fromFunction(opens), Lazy.fromFunction(opens)]) {
      const result = yield* Miou.await(Miou.async(() => Lazy.force(lazy)))
      isError(t, result.ok || result.error, Miou.InvalidArgument, /descriptor/)
    }
    const result = yield* Miou.await(Miou.call(forces<Unix.FileDescr>, [Lazy.fromFunction(opens), words(4)]))
    isError(t, result.ok || result.error, Miou.InvalidArgument, /descriptor/)
  }, two)
})

test('lazy values that nobody holds any more are gone, on whatever domains they were', async (t) => {
  await Miou.run(function* () {
    const before = yield* promised(leastObjects())
    yield* Miou.async(function* () {
      const shared = words(4)
      shared[1] = 1
      for (let i = 0; i < 10; i++) yield* Lazy.force(yield* Miou.call(makesLazy, [shared, i % 2 === 0]))
    })
    // Stacks and registers may hold the last one, for as long as nothing else lies in its place.
    const left = yield* collectedEverywhere(before + 1)
    t.true(left <= before + 1, `${left} and not ${before}`)
  }, two)
})

test('wrong arguments of lazy values are refused, and force needs a task', async (t) => {
  refuses(t, () => Lazy.fromFunction(1 as never), Miou.InvalidArgument, /function\*/)
  refuses(t, () => Lazy.force(Lazy.fromValue(1)), Miou.NotInTask)
  refuses(t, () => Lazy.force(Lazy.fromFunction(never)), Miou.NotInTask)
  await Miou.run(function* () {
    refuses(t, () => Lazy.force({} as never), Miou.InvalidArgument, /lazy value/)
  }, alone)
})

test('shared memory is the outcome of a lazy value on one domain, and the error that says what to do where others want it', async (t) => {
  await Miou.run(
    function* () {
      const here = Lazy.fromFunction(function* () {
        return words(1)
      })
      t.is(yield* Lazy.force(here), yield* Lazy.force(here))
      const there = Lazy.fromFunction(makesMemory)
      for (const result of [yield* Miou.await(Miou.call(forcesLazy, [there])), yield* Miou.await(forcing(there))]) {
        isError(t, result.ok || result.error, Miou.InvalidArgument, /shared memory is in it.*argument of call/)
      }
    },
    { domains: 1 },
  )
})

function forcing(lazy: Miou.Lazy<unknown>): Miou.Task<unknown> {
  return Miou.async(() => Lazy.force(lazy))
}
