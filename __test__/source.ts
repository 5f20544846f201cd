import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { dies } from './programs/dying.js'
import { echo } from './programs/numbers.js'
import { lateSource } from './programs/late-source.js'
import { loadsTask, waitsForSource } from './programs/late-task.js'
import {
  blockingSource,
  brokenSource,
  clock,
  endsBadly,
  sleepFor,
  sleeperSource,
  silentSource,
  tick,
} from './programs/sources.js'
import { test } from './support/case.js'
import { logged } from './support/logged.js'
import { isError, refuses, rejects } from './support/refusal.js'
import { until, words } from './support/waiting.js'

const alone = { domains: 0 }

/* syscall, suspend, signal */

test('M20: suspend needs no source: any callback may signal', async (t) => {
  await Miou.run(function* () {
    const ways: ((wake: () => void) => void)[] = [
      (wake) => setTimeout(wake, 1),
      (wake) => setImmediate(wake),
      (wake) => queueMicrotask(wake),
      (wake) => process.nextTick(wake),
      (wake) => wake(),
    ]
    for (const way of ways) {
      const syscall = Miou.syscall('way')
      yield* Miou.suspend(syscall, () => way(() => Miou.signal(syscall)))
    }
  }, alone)
  t.pass()
})

test('register runs if and only if the task suspends', async (t) => {
  await Miou.run(function* () {
    const early = Miou.syscall()
    Miou.signal(early)
    yield* Miou.suspend(early, () => t.fail('it was signaled before'))
    let registered = 0
    const child = Miou.async(function* () {
      const syscall = Miou.syscall()
      try {
        yield* Miou.suspend(syscall, () => registered++)
      } finally {
        try {
          yield* Miou.suspend(Miou.syscall(), () => t.fail('a cancelled task does not suspend'))
        } catch (error) {
          isError(t, error, Miou.Cancelled)
        }
      }
    })
    yield* Miou.yield()
    yield* Miou.cancel(child)
    t.is(registered, 1)
  }, alone)
})

test('a register that signals and then throws ends no other wait of its task', async (t) => {
  await Miou.run(function* () {
    const [first, second] = [Miou.syscall(), Miou.syscall()]
    try {
      yield* Miou.suspend(first, () => {
        Miou.signal(first)
        throw new RangeError('register')
      })
      t.fail('it throws')
    } catch (error) {
      isError(t, error, RangeError, /^register$/)
    }
    let signaled = false
    setTimeout(() => {
      signaled = true
      Miou.signal(second)
    }, 5)
    yield* Miou.suspend(second)
    t.true(signaled)
  }, alone)
})

test('a register that cancels its own run and then throws ends no later wait of its task, and no other source is forgotten', async (t) => {
  const controller = new AbortController()
  let second: Miou.Syscall | undefined
  const events = (): Miou.EventSource => ({ select: () => (second === undefined ? [] : [second]) })
  let slept = false
  const run = Miou.run(
    function* () {
      const first = Miou.syscall()
      try {
        yield* Miou.suspend(first, () => {
          controller.abort()
          throw new RangeError('register')
        })
        t.fail('it throws')
      } catch (error) {
        isError(t, error, RangeError, /^register$/)
      }
      yield* Miou.shield(function* () {
        setTimeout(() => {
          slept = true
        }, 1)
        yield* Unix.sleep(5)
        t.true(slept)
        second = Miou.syscall()
        yield* Miou.suspend(second)
      })
    },
    { domains: 0, events, signal: controller.signal },
  )
  await rejects(t, run, Miou.Cancelled)
})

test('what register throws is thrown from suspend, and the syscall is over', async (t) => {
  await Miou.run(function* () {
    const syscall = Miou.syscall()
    try {
      yield* Miou.suspend(syscall, () => {
        throw new RangeError('register')
      })
      t.fail()
    } catch (error) {
      isError(t, error, RangeError, /^register$/)
    }
    Miou.signal(syscall)
    yield* Miou.yield()
  }, alone)
})

test('a syscall is for one wait; signaling it again, or late, does no harm', async (t) => {
  await Miou.run(function* () {
    const syscall = Miou.syscall()
    yield* Miou.suspend(syscall, () => setTimeout(() => Miou.signal(syscall), 1))
    Miou.signal(syscall)
    yield* Miou.suspend(syscall, () => t.fail('it is over'))
    const late: Miou.Syscall[] = []
    const child = Miou.async(function* () {
      late.push(Miou.syscall())
      yield* Miou.suspend(late[0]!)
    })
    yield* Miou.yield()
    yield* Miou.cancel(child)
    Miou.signal(late[0]!)
    yield* Miou.yield()
  }, alone)
  t.pass()
})

test('a syscall belongs to its task', async (t) => {
  await Miou.run(function* () {
    const syscall = Miou.syscall('mine')
    t.is(syscall.name, 'mine')
    t.is(typeof syscall.uid, 'number')
    t.not(Miou.syscall().uid, syscall.uid)
    yield* Miou.async(function* () {
      refuses(t, () => Miou.suspend(syscall), Miou.InvalidArgument, /only the task that made it/)
    })
    for (const wrong of [undefined, null, 1, {}]) {
      refuses(t, () => Miou.suspend(wrong as never), Miou.InvalidArgument, /syscall\(\)/)
      refuses(t, () => Miou.signal(wrong as never), Miou.InvalidArgument, /syscall\(\)/)
    }
    for (const wrong of [1, {}, null]) refuses(t, () => Miou.syscall(wrong as never), Miou.InvalidArgument, /name/)
    refuses(t, () => Miou.suspend(syscall, 1 as never), Miou.InvalidArgument, /register/)
  }, alone)
})

test('a thousand suspensions, signaled in any order, wake each its own', async (t) => {
  await Miou.run(function* () {
    const syscalls: Miou.Syscall[] = []
    let woken = 0
    const tasks = Array.from({ length: 1000 }, (_, n) =>
      Miou.async(function* () {
        syscalls[n] = Miou.syscall()
        yield* Miou.suspend(syscalls[n]!)
        woken++
      }),
    )
    yield* Miou.yield()
    for (let n = 0; n < 1000; n++) Miou.signal(syscalls[(n * 7) % 1000]!)
    yield* Miou.awaitAll(tasks)
    t.is(woken, 1000)
  }, alone)
})

/* Sources of events. */

test('C26, B18: two sleepers of a source of one’s own wait beside each other', async (t) => {
  clock.reset()
  await Miou.run(
    function* () {
      const tasks = [5, 5].map((n) => Miou.async(() => sleepFor(n)))
      yield* Miou.awaitAll(tasks)
    },
    { domains: 0, events: sleeperSource },
  )
  t.true(clock.now() < 10, `${clock.now()}`)
})

for (const [id, ticks] of [
  ['C24', [2, 2]],
  ['C27, B19', [2, 4]],
] as const) {
  test(`${id}: sleepers on two domains, with a table each, wait beside each other`, async (t) => {
    clock.reset()
    await Miou.run(
      function* () {
        yield* Miou.parallel(echo, [1, 2])
        const before = clock.now()
        const results = yield* Miou.parallel(tick, [...ticks])
        t.true(results.every((result) => result.ok))
        t.true(clock.now() - before <= Math.max(...ticks) * 2)
      },
      { domains: 2, events: sleeperSource },
    )
  })
}

test('C25: a sleeper that nobody awaits is not waited for', async (t) => {
  clock.reset()
  const run = Miou.run(
    function* () {
      yield* Miou.call(echo, [1])
      Miou.call(tick, [10])
    },
    { domains: 2, events: sleeperSource },
  )
  await rejects(t, run, Miou.StillHasChildren)
  t.true(clock.now() < 10)
})

test('C29: awaitFirst does not wait for the sleep of its loser', async (t) => {
  clock.reset()
  await Miou.run(
    function* () {
      const slow = Miou.async(function* () {
        yield* sleepFor(10)
        throw new Error('timeout')
      })
      t.true((yield* Miou.awaitFirst([Miou.async(function* () {}), slow])).ok)
    },
    { domains: 0, events: sleeperSource },
  )
  t.true(clock.now() < 10)
})

test('C28: a source that gives a syscall back ends its wait', async (t) => {
  let waiting: Miou.Syscall | undefined
  await Miou.run(
    function* () {
      waiting = Miou.syscall()
      yield* Miou.suspend(waiting)
    },
    { domains: 0, events: () => ({ select: () => (waiting === undefined ? [] : [waiting]) }) },
  )
  t.pass()
})

test('select is told whether it may block, for how long, and which syscalls are cancelled, each once', async (t) => {
  const asked: { block: boolean; cancelled: readonly number[]; timeout: number }[] = []
  let uid = -1
  let finalised = 0
  await Miou.run(
    function* () {
      const child = Miou.async(function* () {
        const syscall = Miou.syscall()
        uid = syscall.uid
        yield* Miou.suspend(syscall)
      })
      yield* Miou.yield()
      yield* until(() => asked.some(({ block }) => !block))
      // On a busy machine the time may be up before the domain has nothing to do.
      while (!asked.some(({ block, timeout }) => block && timeout <= 20)) yield* Unix.sleep(20)
      const other = Miou.async(function* () {
        yield* Miou.suspend(Miou.syscall())
      })
      yield* Miou.yield()
      yield* Miou.cancel(child)
      yield* until(() => asked.some(({ cancelled }) => cancelled.includes(uid)))
      const before = asked.length
      yield* until(() => asked.length > before + 3)
      yield* Miou.cancel(other)
    },
    {
      domains: 0,
      events: () => ({
        select(block, cancelled, timeout) {
          asked.push({ block, cancelled, timeout })
          return []
        },
        finalise: () => finalised++,
      }),
    },
  )
  t.is(asked.flatMap(({ cancelled }) => cancelled).filter((one) => one === uid).length, 1)
  t.true(asked.some(({ timeout }) => timeout === Number.POSITIVE_INFINITY))
  t.is(finalised, 1)
})

test('select is not asked while no syscall of its run is waited for', async (t) => {
  let asked = 0
  const events = (): Miou.EventSource => ({
    select: () => {
      asked++
      return []
    },
  })
  await Miou.run(
    function* () {
      for (let i = 0; i < 10; i++) yield* Miou.yield()
      yield* Unix.sleep(2)
    },
    { domains: 0, events },
  )
  t.is(asked, 0)
})

test('B21: a source that never gives anything loops, and keeps nobody else waiting', async (t) => {
  await Miou.run(
    function* () {
      const child = Miou.async(function* () {
        yield* Miou.suspend(Miou.syscall())
      })
      const timer = Miou.syscall()
      yield* Miou.suspend(timer, () => setTimeout(() => Miou.signal(timer), 5))
      yield* Unix.sleep(5)
      t.is(yield* Miou.async(() => echo(1)), 1)
      t.is(yield* Miou.call(echo<number>, [2]), 2)
      yield* Miou.cancel(child)
    },
    { domains: 1, events: silentSource },
  )
})

test('a source that blocks is woken by its interrupt word: by a message, by a mutex, by its own run’s end', async (t) => {
  await Miou.run(
    function* () {
      const child = Miou.async(function* () {
        yield* Miou.suspend(Miou.syscall())
      })
      yield* Miou.yield()
      const start = performance.now()
      for (let i = 0; i < 20; i++) t.is(yield* Miou.call(echo<number>, [i]), i)
      t.true(performance.now() - start < 5000, 'select blocks for 1 s')
      const m = Miou.Mutex.create()
      yield* Miou.Mutex.lock(m)
      Miou.Mutex.unlock(m)
      yield* Miou.cancel(child)
    },
    { domains: 1, events: blockingSource },
  )
})

test('a source that blocks is woken by the successor of a dead domain, too', async (t) => {
  await Miou.run(
    function* () {
      const waiting = Miou.async(function* () {
        yield* Miou.suspend(Miou.syscall())
      })
      yield* Miou.await(Miou.call(dies, ['exit']))
      t.is(yield* Miou.call(echo<number>, [-1]), -1)
      const start = performance.now()
      for (let i = 0; i < 20; i++) t.is(yield* Miou.call(echo<number>, [i]), i)
      t.true(performance.now() - start < 5000, 'select blocks for 1 s')
      yield* Miou.cancel(waiting)
    },
    { domains: 1, events: blockingSource },
  )
})

test('X45: a flood of interrupts does not block, and is one prompt look', async (t) => {
  const word = words(1)
  let asked = 0
  await Miou.run(
    function* () {
      const child = Miou.async(function* () {
        yield* Miou.suspend(Miou.syscall())
      })
      yield* Miou.yield()
      for (let i = 0; i < 1_000_000; i++) {
        Atomics.store(word, 0, 1)
        Atomics.notify(word, 0)
      }
      const before = asked
      yield* Miou.yield()
      t.true(asked - before < 10)
      yield* Miou.cancel(child)
    },
    {
      domains: 0,
      events: () => ({
        select() {
          asked++
          Atomics.store(word, 0, 0)
          return []
        },
        interrupt: word,
      }),
    },
  )
})

test('an error of select is fatal, and everything unwinds first', async (t) => {
  let unwound = false
  const run = Miou.run(
    function* () {
      try {
        yield* Miou.suspend(Miou.syscall())
      } catch (error) {
        isError(t, isError(t, error, Miou.Cancelled).cause, RangeError)
        unwound = true
      }
    },
    {
      domains: 0,
      events: () => ({
        select() {
          throw new RangeError('select')
        },
      }),
    },
  )
  await rejects(t, run, RangeError, /^select$/)
  t.true(unwound)
})

test('a source that can not be made ends the run, on domain 0 and elsewhere', async (t) => {
  const broken = {
    domains: 0,
    events: () => {
      throw new RangeError('no source')
    },
  }
  await rejects(
    t,
    Miou.run(() => Miou.yield(), broken),
    RangeError,
    /^no source$/,
  )
  const elsewhere = Miou.run(
    function* () {
      for (;;) yield* Miou.yield()
    },
    { domains: 1, events: brokenSource },
  )
  await rejects(t, elsewhere, RangeError, /no source on domain/)
  for (const wrong of [undefined, null, 1, {}]) {
    await rejects(
      t,
      Miou.run(() => Miou.yield(), { domains: 0, events: () => wrong as never }),
      Miou.InvalidArgument,
      /select/,
    )
  }
})

test('M18: a source of one’s own, with a table of what is read: others run meanwhile', async (t) => {
  const ready = new Map<number, string>()
  const waiting = new Map<number, Miou.Syscall>()
  const events = (): Miou.EventSource => ({
    select() {
      const over: Miou.Syscall[] = []
      for (const [fd, syscall] of waiting) if (ready.has(fd)) over.push(syscall)
      return over
    },
  })
  await Miou.run(
    function* () {
      function* read(fd: number): Generator<Miou.Suspension, string> {
        const syscall = Miou.syscall('read')
        yield* Miou.suspend(syscall, () => waiting.set(fd, syscall))
        waiting.delete(fd)
        return ready.get(fd)!
      }
      const reader = Miou.async(() => read(5))
      let turns = 0
      const other = Miou.async(function* () {
        for (; turns < 1000; turns++) yield* Miou.yield()
      })
      setTimeout(() => ready.set(5, 'bytes'), 20)
      t.is(yield* reader, 'bytes')
      yield* other
      t.is(turns, 1000)
    },
    { domains: 0, events },
  )
})

test('what finalise throws is logged on domain 0, and keeps no run from its end on any domain', async (t) => {
  const log = await logged(async () => {
    t.is(await Miou.run(() => Miou.call(echo, ['over']), { domains: 1, events: endsBadly }), 'over')
  })
  t.regex(log, /finalise of an event source threw.*at the end/)
  t.is(await Miou.run(() => Miou.call(echo, ['warm']), { domains: 1 }), 'warm')
})

test('a source whose module is loaded while a task waits for it already is asked', async (t) => {
  const one = { domains: 1 }
  // The module of the task is there, that of the source is not.
  await Miou.run(() => Miou.call(loadsTask, []), one)
  const asked = await Miou.run(() => Miou.call(waitsForSource, []), { ...one, events: lateSource })
  t.is(asked, 'asked')
})
