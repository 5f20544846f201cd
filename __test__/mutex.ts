import { Worker } from 'node:worker_threads'
import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { echo, hang } from './programs/numbers.js'
import {
  holdsAndDies,
  incrementLocked,
  incrementsOf,
  keepsAll,
  locks,
  locksForEver,
  triesNamed,
  unlocks,
} from './programs/locking.js'
import { test } from './support/case.js'
import { logged } from './support/logged.js'
import { isError, refuses, rejects } from './support/refusal.js'
import { never, promised, reaches, until, words } from './support/waiting.js'

const alone = { domains: 0 }
const three = { domains: 3 }
const { Mutex } = Miou

/** Whether somebody holds a mutex. */
function taken(m: Miou.Mutex): boolean {
  if (!Mutex.tryLock(m)) return true
  Mutex.unlock(m)
  return false
}

test('a mutex guards between domains: a plain increment in shared memory is exact', async (t) => {
  const counter = words(1)
  const m = Mutex.create()
  await Miou.run(function* () {
    const here = Miou.async(() => incrementLocked(m, counter, 2000))
    const results = yield* Miou.parallel(
      incrementsOf,
      [0, 1, 2].map(() => ({ m, counter, times: 2000 })),
    )
    yield* here
    t.true(results.every((result) => result.ok))
  }, three)
  t.is(counter[0], 8000)
})

test('the same name is the same mutex, on every domain', async (t) => {
  const m = Mutex.create('__test__ mutex')
  t.is(Mutex.create('__test__ mutex'), m)
  await Miou.run(function* () {
    yield* Mutex.lock(m)
    t.false(yield* Miou.call(triesNamed, ['__test__ mutex']))
    Mutex.unlock(m)
    t.true(yield* Miou.call(triesNamed, ['__test__ mutex']))
    t.true(Mutex.tryLock(m))
    Mutex.unlock(m)
  }, three)
})

test('tryLock takes the lock when it says so, and never waits', async (t) => {
  await Miou.run(function* () {
    const m = Mutex.create()
    t.true(Mutex.tryLock(m))
    t.false(Mutex.tryLock(m), 'also not for its owner')
    yield* Miou.async(function* () {
      t.false(Mutex.tryLock(m))
    })
    Mutex.unlock(m)
    t.true(Mutex.tryLock(m))
    Mutex.unlock(m)
  }, alone)
})

test('using unlocks at the end of the block, however it ends, and once', async (t) => {
  await Miou.run(function* () {
    const m = Mutex.create()
    {
      using _ = yield* Mutex.lock(m)
      t.false(Mutex.tryLock(m))
    }
    t.true(Mutex.tryLock(m))
    Mutex.unlock(m)
    try {
      using _ = yield* Mutex.lock(m)
      throw new Error('out')
    } catch {}
    const guard = yield* Mutex.lock(m)
    guard[Symbol.dispose]()
    guard[Symbol.dispose]()
    yield* Mutex.lock(m)
    guard[Symbol.dispose]()
    t.false(Mutex.tryLock(m), 'a guard belongs to its own lock')
    Mutex.unlock(m)
  }, alone)
})

test('a guard whose lock was given up by unlock does nothing, also where another task holds the mutex by now', async (t) => {
  await Miou.run(function* () {
    const m = Mutex.create()
    const guard = yield* Mutex.lock(m)
    Mutex.unlock(m)
    const other = Miou.async(function* () {
      using _ = yield* Mutex.lock(m)
      yield* Unix.sleep(2)
    })
    yield* Miou.yield()
    guard[Symbol.dispose]()
    t.false(Mutex.tryLock(m))
    yield* other
  }, alone)
})

test('protect gives the mutex up when its body returns, throws, or is cancelled', async (t) => {
  await Miou.run(function* () {
    const m = Mutex.create()
    t.is(yield* Mutex.protect(m, () => echo(1)), 1)
    t.true(Mutex.tryLock(m))
    Mutex.unlock(m)
    try {
      yield* Mutex.protect(m, function* () {
        throw new Error('body')
      })
      t.fail()
    } catch (error) {
      isError(t, error, Error, /^body$/)
    }
    const child = Miou.async(() => Mutex.protect(m, never))
    yield* Miou.yield()
    t.false(Mutex.tryLock(m))
    yield* Miou.cancel(child)
    t.true(Mutex.tryLock(m))
    Mutex.unlock(m)
    yield* Mutex.protect(m, function* () {
      Mutex.unlock(m)
    })
    t.true(Mutex.tryLock(m), 'a body may give it up itself')
    Mutex.unlock(m)
  }, alone)
})

test('a waiter that is cancelled leaves the line; one that was handed the mutex already passes it on', async (t) => {
  await Miou.run(function* () {
    for (const handed of [false, true]) {
      const m = Mutex.create()
      const log: string[] = []
      yield* Mutex.lock(m)
      const tasks = ['a', 'b', 'c'].map((name) =>
        Miou.async(function* () {
          using _ = yield* Mutex.lock(m)
          log.push(name)
        }),
      )
      yield* Miou.yield()
      if (handed) Mutex.unlock(m)
      yield* Miou.cancel(tasks[0]!)
      if (!handed) Mutex.unlock(m)
      yield* Miou.awaitAll(tasks.slice(1))
      t.deepEqual(log, ['b', 'c'])
      t.true(Mutex.tryLock(m))
      Mutex.unlock(m)
    }
  }, alone)
})

test('a mutex is handed from domain to domain while waiters are cancelled: nothing is lost', async (t) => {
  const m = Mutex.create()
  const counter = words(2)
  await Miou.run(function* () {
    for (let i = 0; i < 100; i++) {
      const workers = [0, 1, 2].map(() => Miou.call(locks, [m, counter]))
      const local = Miou.async(() => locks(m, counter))
      if (i % 2) yield* Miou.yield()
      yield* Miou.cancel(workers[i % 3]!)
      yield* Miou.cancel(local)
      yield* Miou.awaitAll(workers)
      t.true(Mutex.tryLock(m), 'it is free')
      Mutex.unlock(m)
    }
  }, three)
  t.is(counter[0], counter[1])
})

test('a task that returns while it holds a mutex has MutexError (leaked) as its result, and passes it on', async (t) => {
  await Miou.run(function* () {
    const m = Mutex.create()
    const waiting = Miou.async(function* () {
      yield* Miou.yield()
      using _ = yield* Mutex.lock(m)
      return 'next'
    })
    const leaky = Miou.async(
      function* () {
        yield* Mutex.lock(m)
        yield* Unix.sleep(2)
        return 1
      },
      { name: 'leaky' },
    )
    const result = yield* Miou.await(leaky)
    const says = /^task \d+ \(leaky\) on domain 0 ended while it held a mutex without a name: /
    t.is(isError(t, result.ok || result.error, Miou.MutexError, says).reason, 'leaked')
    t.is(yield* waiting, 'next')
  }, alone)
})

test('a main that returns while it holds a mutex rejects with MutexError (leaked)', async (t) => {
  const m = Mutex.create()
  const run = Miou.run(function* () {
    yield* Mutex.lock(m)
  }, alone)
  t.is((await rejects(t, run, Miou.MutexError, /main/)).reason, 'leaked')
  t.true(Mutex.tryLock(m))
  Mutex.unlock(m)
})

test('a task that fails or is cancelled while it holds a mutex passes it on, which is logged', async (t) => {
  const m = Mutex.create()
  const log = await logged(() =>
    Miou.run(function* () {
      for (const end of [() => echo(Miou.self()), never] as const) {
        const child = Miou.async(
          function* () {
            yield* Mutex.lock(m)
            if (end !== never) throw new Error('fails')
            yield* never()
          },
          { name: 'careless' },
        )
        yield* Miou.yield()
        yield* Miou.cancel(child)
        t.true(Mutex.tryLock(m))
        Mutex.unlock(m)
      }
    }, alone),
  )
  t.is(log.match(/careless\) on domain 0 ended while it held a mutex/g)?.length, 2)
})

test('a leak names the mutexes that have a name, and the domain of the task that held them', async (t) => {
  await Miou.run(
    function* () {
      const task = Miou.call(keepsAll, [Mutex.create('first'), Mutex.create(), Mutex.create('last')])
      const result = yield* Miou.await(task)
      const { domain } = task
      const all = "3 mutexes \\(the mutex 'first', a mutex without a name, the mutex 'last'\\)"
      isError(
        t,
        result.ok || result.error,
        Miou.MutexError,
        new RegExp(`^task \\d+ \\(keepsAll\\) on domain ${domain} ended while it held ${all}: `),
      )
    },
    { domains: 1 },
  )
})

test('the order of an end: finalisers, then mutexes, then children', async (t) => {
  const log: string[] = []
  await Miou.run(function* () {
    const m = Mutex.create()
    const child = Miou.async(function* () {
      Miou.async(function* () {
        try {
          yield* never()
        } finally {
          log.push(Mutex.tryLock(m) ? 'child: free' : 'child: held')
          Mutex.unlock(m)
        }
      })
      yield* Miou.yield()
      yield* Mutex.lock(m)
      Miou.Ownership.own(
        Miou.Ownership.create(1, () => {
          log.push('finaliser')
          t.false(Mutex.tryLock(m))
        }),
      )
      throw new Error('over')
    })
    yield* Miou.await(child)
  }, alone)
  t.deepEqual(log, ['finaliser', 'child: free'])
})

test('a task that ends with several mutexes passes all of them on', async (t) => {
  const all = Array.from({ length: 5 }, () => Mutex.create())
  await Miou.run(function* () {
    const child = Miou.async(function* () {
      for (const m of all) yield* Mutex.lock(m)
      Mutex.unlock(all[2]!)
    })
    const result = yield* Miou.await(child)
    isError(t, result.ok || result.error, Miou.MutexError, /4 mutexes/)
    for (const m of all) {
      t.true(Mutex.tryLock(m))
      Mutex.unlock(m)
    }
  }, alone)
})

test('a fatal error takes precedence over a mutex that was left', async (t) => {
  const run = Miou.run(function* () {
    yield* Mutex.lock(Mutex.create())
    Miou.async(never)
  }, alone)
  await rejects(t, run, Miou.StillHasChildren)
})

test('what a dead domain held passes on', async (t) => {
  const m = Mutex.create()
  const shared = words(1)
  await Miou.run(function* () {
    const child = Miou.call(holdsAndDies, [m, shared])
    yield* reaches(shared, 0)
    yield* Mutex.lock(m)
    Mutex.unlock(m)
    const result = yield* Miou.await(child)
    isError(t, result.ok || result.error, Miou.DomainDied)
  }, three)
})

test('a mutex passes on within a run that follows, and beside it: who holds it is a run and a task', async (t) => {
  const m = Mutex.create()
  const shared = words(1)
  const first = Miou.run(function* () {
    yield* Mutex.lock(m)
    Atomics.store(shared, 0, 1)
    yield* Unix.sleep(5)
    Mutex.unlock(m)
  }, alone)
  const second = Miou.run(function* () {
    yield* reaches(shared, 0)
    refuses(t, () => Mutex.unlock(m), Miou.MutexError)
    using _ = yield* Mutex.lock(m)
    return 'second'
  }, alone)
  await first
  t.is(await second, 'second')
})

test('outside of tasks: tryLock and unlock work, the thread is an owner of its own', async (t) => {
  const m = Mutex.create()
  t.true(Mutex.tryLock(m))
  await Miou.run(function* () {
    refuses(t, () => Mutex.unlock(m), Miou.MutexError)
    const waiter = Miou.async(function* () {
      using _ = yield* Mutex.lock(m)
      return 1
    })
    yield* Miou.yield()
    const timer = Miou.syscall()
    yield* Miou.suspend(timer, () => {
      setTimeout(() => {
        Mutex.unlock(m)
        Miou.signal(timer)
      }, 1)
    })
    t.is(yield* waiter, 1)
  }, alone)
  t.is(refuses(t, () => Mutex.unlock(m), Miou.MutexError).reason, 'unlocked')
})

test('lockSync waits on a thread of the user’s own; in a task it is refused', async (t) => {
  const m = Mutex.create('__test__ lockSync')
  const shared = words(2)
  await Miou.run(function* () {
    refuses(t, () => Mutex.lockSync(m), Miou.InvalidArgument, /Mutex\.lock here/)
    yield* Mutex.lock(m)
    const worker = new Worker(new URL('./programs/own-thread.js', import.meta.url), { workerData: shared })
    const exit = new Promise((resolve) => worker.once('exit', resolve))
    yield* reaches(shared, 0)
    yield* Unix.sleep(5)
    t.is(shared[1], 0, 'it waits')
    Mutex.unlock(m)
    yield* reaches(shared, 1)
    t.false(Mutex.tryLock(m), 'it holds the mutex now')
    Atomics.store(shared, 0, 2)
    Atomics.notify(shared, 0)
    yield* Mutex.lock(m)
    Mutex.unlock(m)
    t.is(yield* promised(exit), 0)
  }, alone)
})

test('a thread that is terminated in lockSync, and one that is while it holds the mutex, leave it in order', async (t) => {
  const m = Mutex.create('__test__ lockSync')
  const shared = words(2)
  await Miou.run(function* () {
    yield* Mutex.lock(m)
    const worker = new Worker(new URL('./programs/own-thread.js', import.meta.url), { workerData: shared })
    yield* reaches(shared, 0)
    yield* promised(worker.terminate())
    Mutex.unlock(m)
    yield* Mutex.lock(m)
    Mutex.unlock(m)
    Atomics.store(shared, 0, 0)
    const holder = new Worker(new URL('./programs/own-thread.js', import.meta.url), { workerData: shared })
    yield* reaches(shared, 1)
    t.false(Mutex.tryLock(m))
    yield* promised(holder.terminate())
    yield* Mutex.lock(m)
    Mutex.unlock(m)
  }, alone)
})

test('unlock by a domain other than that of the owner is refused', async (t) => {
  const m = Mutex.create()
  await Miou.run(function* () {
    yield* Mutex.lock(m)
    t.is(yield* Miou.call(unlocks, [m]), 'notOwner')
    Mutex.unlock(m)
    t.is(yield* Miou.call(unlocks, [m]), 'unlocked')
  }, three)
})

test('mutexes without a name do not pile up', async (t) => {
  for (let i = 0; i < 20_000; i++) Mutex.create()
  t.pass()
})

test('what is no mutex is refused with a sentence', async (t) => {
  for (const name of ['', 1, null, {}]) refuses(t, () => Mutex.create(name as never), Miou.InvalidArgument, /name/)
  await Miou.run(function* () {
    yield* until(() => true)
    for (const wrong of [undefined, null, 1, {}, Miou.Condition.create()]) {
      for (const what of [Mutex.lock, Mutex.unlock, Mutex.tryLock, Mutex.lockSync]) {
        refuses(t, () => what(wrong as never), Miou.InvalidArgument, /Mutex\.create/)
      }
      refuses(t, () => Mutex.protect(wrong as never, never), Miou.InvalidArgument, /Mutex\.create/)
    }
    refuses(t, () => Mutex.protect(Mutex.create(), 1 as never), Miou.InvalidArgument, /body/)
  }, alone)
})

test('a task waits for a mutex that a remote task holds, and is cancelled there', async (t) => {
  const m = Mutex.create()
  await Miou.run(function* () {
    const holder = Miou.call(locksForEver, [m])
    yield* until(() => taken(m))
    const waiter = Miou.async(() => Mutex.lock(m))
    yield* Miou.yield()
    yield* Miou.cancel(waiter)
    yield* Miou.cancel(holder)
    t.true(Mutex.tryLock(m))
    Mutex.unlock(m)
    yield* Miou.cancel(Miou.call(hang, []))
  }, three)
})
