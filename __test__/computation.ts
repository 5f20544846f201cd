import { spawn } from 'node:child_process'
import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { waitingInRust } from '../dist/io.js'
import { collectedEverywhere, leastEverywhere } from './programs/collected.js'
import {
  attachesTo,
  awaitsOutcome,
  cancelsFrom,
  capturesAndDies,
  capturesInOrderAndDies,
  returnsTo,
} from './programs/computations.js'
import { dies } from './programs/dying.js'
import { test } from './support/case.js'
import { collected, leastObjects, objects } from './support/collected.js'
import { isError, refuses } from './support/refusal.js'
import { forever, never, reaches, words } from './support/waiting.js'

const alone = { domains: 0 }
const two = { domains: 2 }
const { Computation, Trigger, Queue } = Miou

test('a computation is completed once, by whoever is first', async (t) => {
  const c = Computation.create<number>()
  t.true(Computation.isRunning(c))
  t.is(Computation.peek(c), undefined)
  t.is(Computation.cancelled(c), undefined)
  Computation.raiseIfErrored(c)
  t.true(Computation.tryReturn(c, 1))
  t.false(Computation.tryReturn(c, 2))
  t.false(Computation.tryCancel(c, new Error('late')))
  t.false(Computation.isRunning(c))
  t.deepEqual(Computation.peek(c), { ok: true, value: 1 })
  t.is(Computation.cancelled(c), undefined)
  Computation.raiseIfErrored(c)
})

test('a computation that is completed with an error keeps it: class, code, cause, and what is no error', async (t) => {
  const c = Computation.create<number>()
  t.true(Computation.tryCancel(c, new TypeError('wrong', { cause: new Miou.Empty('from below') })))
  t.false(Computation.tryReturn(c, 2))
  const error = isError(t, Computation.cancelled(c), TypeError, /^wrong$/)
  isError(t, error.cause, Miou.Empty)
  isError(t, refuses(t, () => Computation.raiseIfErrored(c), TypeError).cause, Miou.Empty)
  const result = Computation.peek(c)
  t.true(result !== undefined && !result.ok)
  const thrown = Computation.create()
  Computation.tryCancel(thrown, 'a text')
  t.is(Computation.cancelled(thrown), 'a text')
})

test('what is read is a clone, each time', async (t) => {
  await Miou.run(function* () {
    const value = { list: [1, 2], of: new Map([['a', new Date(0)]]) }
    const c = Computation.create<typeof value>()
    Computation.tryReturn(c, value)
    value.list.push(3)
    const [a, b] = [yield* Computation.awaitExn(c), yield* Computation.awaitExn(c)]
    t.deepEqual(a, { list: [1, 2], of: new Map([['a', new Date(0)]]) })
    t.deepEqual(a, b)
    t.not(a, b)
    a.list.push(4)
    t.deepEqual(yield* Computation.awaitExn(c), b)
  }, alone)
})

test('any number of tasks wait, on one domain, and one that is cancelled leaves nothing behind', async (t) => {
  await Miou.run(function* () {
    const c = Computation.create<string>()
    const tasks = Array.from({ length: 20 }, (_, i) =>
      Miou.async(() => (i % 2 === 0 ? Computation.awaitExn(c) : Computation.await(c)) as Miou.Operation<unknown>),
    )
    yield* Unix.sleep(1)
    for (const task of tasks.splice(10)) yield* Miou.cancel(task)
    t.is(waitingInRust(), 10)
    Computation.tryReturn(c, 'there')
    const values: unknown[] = []
    for (const task of tasks) values.push(yield* task)
    t.deepEqual(
      values,
      values.map((_, i) => (i % 2 === 0 ? 'there' : { ok: true, value: 'there' })),
    )
    t.is(waitingInRust(), 0)
  }, alone)
})

test('awaitExn throws the error of a computation, await tells it', async (t) => {
  await Miou.run(function* () {
    const c = Computation.create<number>()
    const told = Miou.async(() => Computation.await(c))
    const thrown = Miou.async(() => Computation.awaitExn(c))
    yield* Unix.sleep(1)
    Computation.tryCancel(c, new Error('of the computation'))
    const result = yield* told
    isError(t, result.ok || result.error, Error, /of the computation/)
    const failed = yield* Miou.await(thrown)
    isError(t, failed.ok || failed.error, Error, /of the computation/)
  }, alone)
})

test('U02: main is suspended until the exit of a process completes a computation', async (t) => {
  const log: unknown[] = []
  await Miou.run(function* () {
    const code = Computation.create<number>()
    log.push('launched')
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 50)'])
    child.once('exit', (status) => Computation.tryReturn(code, status ?? -1))
    log.push('handler installed')
    log.push(yield* Computation.awaitExn(code))
  }, alone)
  t.deepEqual(log, ['launched', 'handler installed', 0])
})

test('completing signals the attached triggers, the one that was attached last first', async (t) => {
  await Miou.run(function* () {
    const c = Computation.create<void>()
    const order: string[] = []
    const triggers = ['a', 'b', 'c'].map((name) => {
      const trigger = Trigger.create()
      Trigger.onSignal(trigger, () => order.push(name))
      t.true(Computation.tryAttach(c, trigger))
      return trigger
    })
    const task = Miou.async(function* () {
      yield* Computation.await(c)
      order.push('task')
    })
    yield* Unix.sleep(1)
    t.true(triggers.every((trigger) => !Trigger.isSignaled(trigger)))
    Computation.tryReturn(c, undefined)
    t.deepEqual(order, ['c', 'b', 'a'])
    t.true(triggers.every(Trigger.isSignaled))
    yield* task
    t.false(Computation.tryAttach(c, Trigger.create()))
  }, alone)
})

test('a trigger that is detached is signaled at once, and one that is signaled is not attached', async (t) => {
  const c = Computation.create<void>()
  const trigger = Trigger.create()
  let calls = 0
  Trigger.onSignal(trigger, () => calls++)
  t.true(Computation.tryAttach(c, trigger))
  Computation.detach(c, trigger)
  t.is(calls, 1)
  t.true(Trigger.isSignaled(trigger))
  t.false(Computation.tryAttach(c, trigger))
  Computation.tryReturn(c, undefined)
  t.is(calls, 1)
})

test('triggers that were signaled elsewhere do not pile up on a computation', async (t) => {
  await Miou.run(function* () {
    const before = yield* collectedEverywhere(0)
    const c = Computation.create<void>()
    for (let i = 0; i < 2000; i++) {
      const trigger = Trigger.create()
      Computation.tryAttach(c, trigger)
      if (i % 2 === 0) Computation.detach(c, trigger)
      else Trigger.signal(trigger)
    }
    t.true((yield* collectedEverywhere(before + 1)) < before + 20)
    t.true(Computation.isRunning(c))
  }, alone)
})

test('tryCapture completes a computation with what its body returns or throws', async (t) => {
  await Miou.run(function* () {
    const c = Computation.create<number>()
    t.true(
      yield* Computation.tryCapture(c, function* () {
        yield* Miou.yield()
        return 5
      }),
    )
    t.is(yield* Computation.awaitExn(c), 5)
    t.false(
      yield* Computation.tryCapture(c, function* () {
        return 6
      }),
    )
    const failing = Computation.create<number>()
    t.true(
      yield* Computation.tryCapture(failing, function* () {
        throw new Error('of the body')
      }),
    )
    isError(t, Computation.cancelled(failing), Error, /of the body/)
    const uncloneable = Computation.create<() => void>()
    t.true(
      yield* Computation.tryCapture(uncloneable, function* () {
        return () => {}
      }),
    )
    isError(t, Computation.cancelled(uncloneable), Miou.InvalidArgument, /function/)
  }, alone)
})

test('a descriptor that the body of tryCapture returns is closed, since nobody gets it', async (t) => {
  await Miou.run(function* () {
    const opened: Unix.FileDescr[] = []
    const opens = function* (): Generator<Miou.Suspension, Unix.FileDescr> {
      const fd = Unix.tcpv4()
      opened.push(fd)
      return fd
    }
    const refused = Computation.create<Unix.FileDescr>()
    t.true(yield* Computation.tryCapture(refused, opens))
    isError(t, Computation.cancelled(refused), Miou.InvalidArgument, /descriptor/)
    t.false(yield* Computation.tryCapture(refused, opens))
    const overridden = Miou.async(() =>
      Computation.tryCapture(Computation.create<Unix.FileDescr>(), function* () {
        try {
          yield* forever()
        } catch {}
        return yield* opens()
      }),
    )
    yield* Miou.yield()
    yield* Miou.cancel(overridden)
    t.is(opened.length, 3)
    for (const fd of opened) refuses(t, () => Unix.toFileDescr(fd), Miou.Closed)
  }, alone)
})

test('tryCapture by a task that is cancelled completes the computation with its Cancelled', async (t) => {
  await Miou.run(function* () {
    const bodies: Miou.Body<number>[] = [
      function* () {
        yield* never()
        return 1
      },
      function* () {
        try {
          yield* never()
        } finally {
          yield* Miou.shield(() => Unix.sleep(1))
        }
        return 1
      },
      function* () {
        try {
          yield* never()
        } catch {}
        return 1
      },
      function* () {
        try {
          yield* never()
        } finally {
          // biome-ignore lint/correctness/noUnsafeFinally: what a task throws while it unwinds
          throw new Error('while it unwound')
        }
      },
      function* () {
        for (;;) {
          try {
            yield* forever()
          } catch {}
        }
      },
      function* () {
        for (;;) {
          try {
            yield* forever()
          } finally {
          }
        }
      },
    ]
    for (const body of bodies) {
      const c = Computation.create<number>()
      const task = Miou.async(() => Computation.tryCapture(c, body))
      const waiter = Miou.async(() => Computation.await(c))
      yield* Unix.sleep(1)
      yield* Miou.cancel(task)
      const result = yield* waiter
      isError(t, result.ok || result.error, Miou.Cancelled)
      const own = yield* Miou.await(task)
      isError(t, own.ok || own.error, Miou.Cancelled)
    }
  }, alone)
})

test('a computation that a domain was to complete fails with DomainDied where that dies, for all who wait', async (t) => {
  for (const how of ['exit', 'uncaught', 'rejection'] as const) {
    await Miou.run(
      function* () {
        const c = Computation.create<number>()
        const began = words(1)
        const there = Miou.call(awaitsOutcome<number>, [c, began])
        const here = Miou.async(() => Computation.await(c))
        yield* reaches(began, 0)
        const task = Miou.call(capturesAndDies, [c, how], {
          pin: Miou.Domain.all().find((d) => d > 0 && d !== there.domain)!,
        })
        const [theirs] = yield* there
        const ours = yield* here
        for (const result of [theirs, ours])
          isError(
            t,
            result.ok || result.error,
            Miou.DomainDied,
            new RegExp(`^domain ${task.domain} died, .*computation`),
          )
        const died = yield* Miou.await(task)
        isError(t, died.ok || died.error, Miou.DomainDied, /domain \d+ died/)
        t.false(Computation.tryReturn(c, 1))
      },
      { domains: 2 },
    )
  }
})

test('a domain that dies fails no computation that its tasks have completed, or are not to complete any more', async (t) => {
  await Miou.run(
    function* () {
      const [done, left, both] = [
        Computation.create<number>(),
        Computation.create<number>(),
        Computation.create<number>(),
      ]
      const result = yield* Miou.await(Miou.call(capturesInOrderAndDies, [done, left, both]))
      isError(t, result.ok || result.error, Miou.DomainDied, /died/)
      t.deepEqual(Computation.peek(done), { ok: true, value: 1 })
      isError(t, Computation.cancelled(left), Miou.Cancelled, /cancelled/)
      t.deepEqual(Computation.peek(both), { ok: true, value: 2 })
    },
    { domains: 1 },
  )
})

test('the Cancelled of a child that the body awaits completes the computation, and goes no further', async (t) => {
  await Miou.run(function* () {
    const child = Miou.async(never)
    yield* Miou.cancel(child)
    const c = Computation.create<void>()
    t.true(yield* Computation.tryCapture(c, () => Miou.awaitExn(child)))
    isError(t, Computation.cancelled(c), Miou.Cancelled)
  }, alone)
})

test('X62: waiters on several domains go on, each on its own, when another one completes', async (t) => {
  await Miou.run(function* () {
    const [, a, b] = Miou.Domain.all()
    for (let i = 0; i < 20; i++) {
      const shared = words(1)
      const c = Computation.create<{ n: number }>()
      const waiters = [a!, b!, a!].map((pin) => Miou.call(awaitsOutcome, [c, shared], { pin }))
      const here = Miou.async(() => Computation.awaitExn(c))
      yield* reaches(shared, 0, 3)
      if (i % 2 === 0) yield* Unix.sleep(2)
      t.true(yield* Miou.call(returnsTo, [c, { n: i }], { pin: b! }))
      for (const [k, waiter] of waiters.entries()) {
        const [result, domain] = (yield* waiter) as [Miou.Result<{ n: number }>, number]
        t.deepEqual(result, { ok: true, value: { n: i } })
        t.is(domain, [a!, b!, a!][k]!)
      }
      t.deepEqual(yield* here, { n: i })
    }
  }, two)
})

test('of many domains that complete a computation, one does', async (t) => {
  await Miou.run(
    function* () {
      for (let round = 0; round < 50; round++) {
        const c = Computation.create<string>()
        const winners = [
          Miou.call(returnsTo, [c, 'a']),
          Miou.call(cancelsFrom, [c, 'b']),
          Miou.call(returnsTo, [c, 'c']),
        ]
        const won: boolean[] = []
        for (const task of winners) won.push(yield* task as Miou.Task<boolean>)
        t.is(won.filter(Boolean).length, 1)
        const result = yield* Computation.await(c)
        if (result.ok) t.is(result.value, ['a', '', 'c'][won.indexOf(true)])
        else {
          t.true(won[1])
          isError(t, isError(t, result.error, RangeError, /^b$/).cause, Miou.Empty)
        }
      }
    },
    { domains: 3 },
  )
})

test('triggers of several domains are attached to one computation', async (t) => {
  await Miou.run(function* () {
    const c = Computation.create<void>()
    const shared = words(2)
    const tasks = [Miou.call(attachesTo, [c, shared]), Miou.call(attachesTo, [c, shared])]
    yield* reaches(shared, 0, 2)
    t.is(Atomics.load(shared, 1), 0)
    Computation.tryReturn(c, undefined)
    for (const task of tasks) t.true(yield* task)
    t.is(Atomics.load(shared, 1), 2)
    t.false(yield* Miou.call(attachesTo, [c, shared]))
  }, two)
})

test('handles are values: a computation of a queue, of another computation, of a mutex', async (t) => {
  await Miou.run(function* () {
    const c = Computation.create<{ q: Miou.Queue<number>; c: Miou.Computation<string>; m: Miou.Mutex }>()
    const value = { q: Queue.create<number>(), c: Computation.create<string>(), m: Miou.Mutex.create() }
    t.true(yield* Miou.call(returnsTo<unknown>, [c, value]))
    const read = yield* Computation.awaitExn(c)
    t.deepEqual([read.q === value.q, read.c === value.c, read.m === value.m], [true, true, true])
  }, two)
})

test('a domain that dies while its tasks wait takes them along, and nobody else', async (t) => {
  await Miou.run(function* () {
    const shared = words(2)
    const c = Computation.create<string>()
    const [, a, b] = Miou.Domain.all()
    const dying = [1, 2].map(() => Miou.call(awaitsOutcome, [c, shared], { pin: a! }))
    const other = Miou.call(awaitsOutcome, [c, shared], { pin: b! })
    const here = Miou.async(() => Computation.awaitExn(c))
    yield* reaches(shared, 0, 3)
    const death = Miou.call(dies, ['exit'], { pin: a! })
    for (const task of [...dying, death]) {
      const result = yield* Miou.await(task as Miou.Task<unknown>)
      isError(t, result.ok || result.error, Miou.DomainDied)
    }
    t.true(Computation.tryReturn(c, 'there'))
    t.deepEqual(yield* other, [{ ok: true, value: 'there' }, b!])
    t.is(yield* here, 'there')
  }, two)
})

test('a computation keeps the objects that its value names, and gives them up with itself', async (t) => {
  const before = await leastEverywhere()
  const holder = { all: Array.from({ length: 100 }, () => Computation.create<Miou.Trigger>()) }
  ;(() => {
    for (const c of holder.all) Computation.tryReturn(c, Trigger.create())
  })()
  t.true((await leastObjects()) > before + 180)
  ;(() => {
    for (const c of holder.all) t.false(Trigger.isSignaled((Computation.peek(c) as { value: Miou.Trigger }).value))
  })()
  holder.all = []
  t.true((await collected(before + 10)) <= before + 10)
})

test('descriptors, functions, tasks and what else can not be cloned are refused, and nothing has moved', async (t) => {
  await Miou.run(function* () {
    const c = Computation.create<unknown>()
    const fd = Unix.tcpv4()
    const owned = Unix.Ownership.tcpv4()
    const task = Miou.async(never)
    const memory = new SharedArrayBuffer(4)
    for (const value of [fd, { deep: [fd] }, owned, () => {}, { f() {} }, Symbol('s'), task, new WeakMap(), memory]) {
      refuses(
        t,
        () => Computation.tryReturn(c, value),
        Miou.InvalidArgument,
        /value of a computation|owns a descriptor/,
      )
      refuses(t, () => Computation.tryCancel(c, value), Miou.InvalidArgument)
    }
    t.true(Computation.isRunning(c))
    Unix.close(fd)
    Unix.Ownership.close(owned)
    yield* Miou.cancel(task)
    t.true(Computation.tryReturn(c, 1))
  }, alone)
})

test('wrong arguments of computations are refused', async (t) => {
  const c = Computation.create()
  for (const call of [
    () => Computation.tryReturn({} as never, 1),
    () => Computation.tryCancel({} as never, 1),
    () => Computation.isRunning(1 as never),
    () => Computation.cancelled(null as never),
    () => Computation.raiseIfErrored({} as never),
    () => Computation.peek({} as never),
    () => Computation.tryAttach({} as never, Trigger.create()),
    () => Computation.detach({} as never, Trigger.create()),
  ]) {
    refuses(t, call, Miou.InvalidArgument, /computation/)
  }
  refuses(t, () => Computation.tryAttach(c, {} as never), Miou.InvalidArgument, /trigger/)
  refuses(t, () => Computation.detach(c, {} as never), Miou.InvalidArgument, /trigger/)
  refuses(t, () => Computation.await(c), Miou.NotInTask)
  refuses(t, () => Computation.tryCapture(c, never), Miou.NotInTask)
  await Miou.run(function* () {
    refuses(t, () => Computation.await({} as never), Miou.InvalidArgument)
    refuses(t, () => Computation.awaitExn({} as never), Miou.InvalidArgument)
    refuses(t, () => Computation.tryCapture(c, 1 as never), Miou.InvalidArgument, /function\*/)
  }, alone)
  t.true(objects() > 0)
})
