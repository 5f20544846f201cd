import { Worker } from 'node:worker_threads'
import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { diesRelocking, diesWoken, pingPong, signals, waits } from './programs/locking.js'
import { test } from './support/case.js'
import { isError, refuses } from './support/refusal.js'
import { promised, reaches, until, words } from './support/waiting.js'

const alone = { domains: 0 }
const three = { domains: 3 }
const { Condition, Mutex } = Miou

test('wait gives the mutex up, and holds it again when it returns', async (t) => {
  await Miou.run(function* () {
    const m = Mutex.create()
    const c = Condition.create()
    let ready = false
    const waiter = Miou.async(function* () {
      using _ = yield* Mutex.lock(m)
      while (!ready) yield* Condition.wait(c, m)
      t.false(Mutex.tryLock(m))
      return 'woken'
    })
    yield* Miou.yield()
    {
      using _ = yield* Mutex.lock(m)
      ready = true
      Condition.signal(c)
    }
    t.is(yield* waiter, 'woken')
    t.true(Mutex.tryLock(m))
    Mutex.unlock(m)
  }, alone)
})

test('signal wakes the one that has waited longest, broadcast all, the oldest first', async (t) => {
  const order: number[] = []
  await Miou.run(function* () {
    const m = Mutex.create()
    const c = Condition.create()
    let waiting = 0
    const tasks = [0, 1, 2, 3].map((n) =>
      Miou.async(function* () {
        using _ = yield* Mutex.lock(m)
        waiting++
        yield* Condition.wait(c, m)
        order.push(n)
      }),
    )
    yield* until(() => waiting === 4)
    yield* Mutex.lock(m)
    Mutex.unlock(m)
    Condition.signal(c)
    yield* tasks[0]!
    t.deepEqual(order, [0])
    Condition.broadcast(c)
    yield* Miou.awaitAll(tasks)
  }, alone)
  t.deepEqual(order, [0, 1, 2, 3])
})

test('a signal reaches a wait that has just begun on the same domain, without the mutex too', async (t) => {
  await Miou.run(function* () {
    const m = Mutex.create()
    const c = Condition.create()
    for (const signal of [Condition.signal, Condition.broadcast]) {
      const waiter = Miou.async(function* () {
        using _ = yield* Mutex.lock(m)
        yield* Condition.wait(c, m)
      })
      yield* Miou.yield()
      signal(c)
      yield* waiter
    }
  }, alone)
  t.pass()
})

test('signal and broadcast wake tasks of other domains, which go on there', async (t) => {
  await Miou.run(function* () {
    for (const all of [false, true]) {
      const m = Mutex.create()
      const c = Condition.create()
      const shared = words(3)
      const tasks = [0, 1, 2].map(() => Miou.call(waits, [c, m, shared]))
      yield* reaches(shared, 1, 3)
      // Whoever holds the mutex knows that all of them wait.
      yield* Mutex.lock(m)
      Mutex.unlock(m)
      yield* Miou.call(signals, [c, shared, all])
      if (!all) {
        yield* reaches(shared, 2, 1)
        Condition.signal(c)
        Condition.signal(c)
      }
      for (const task of tasks) t.is(yield* task, task.domain)
    }
  }, three)
})

test('ping-pong between domains never hangs', async (t) => {
  const m = Mutex.create()
  const c = Condition.create()
  const shared = words(1)
  await Miou.run(function* () {
    const [a, b] = Miou.Domain.all().slice(1) as [number, number]
    const ping = Miou.call(pingPong, [c, m, shared, 0, 2000], { pin: a })
    const pong = Miou.call(pingPong, [c, m, shared, 1, 2000], { pin: b })
    yield* ping
    yield* pong
  }, three)
  t.is(shared[0], 4000)
})

test('a wait that is cancelled after it was signaled passes the signal on', async (t) => {
  await Miou.run(function* () {
    const m = Mutex.create()
    const c = Condition.create()
    const log: string[] = []
    let waiting = 0
    const tasks = ['a', 'b'].map((name) =>
      Miou.async(function* () {
        using _ = yield* Mutex.lock(m)
        waiting++
        yield* Condition.wait(c, m)
        log.push(name)
      }),
    )
    yield* until(() => waiting === 2)
    // Whoever holds the mutex knows that both of them wait.
    yield* Mutex.lock(m)
    Mutex.unlock(m)
    Condition.signal(c)
    yield* Miou.cancel(tasks[0]!)
    yield* tasks[1]!
    t.deepEqual(log, ['b'])
  }, alone)
})

test('a wait that is cancelled while it locks again, which somebody else holds, passes the signal on and leaves the line', async (t) => {
  await Miou.run(function* () {
    const m = Mutex.create()
    const c = Condition.create()
    const log: string[] = []
    let waiting = 0
    const tasks = ['a', 'b'].map((name) =>
      Miou.async(function* () {
        using _ = yield* Mutex.lock(m)
        waiting++
        yield* Condition.wait(c, m)
        log.push(name)
      }),
    )
    yield* until(() => waiting === 2)
    yield* Mutex.lock(m)
    Condition.signal(c)
    yield* Miou.cancel(tasks[0]!)
    Mutex.unlock(m)
    yield* tasks[1]!
    t.deepEqual(log, ['b'])
    t.true(Mutex.tryLock(m))
    Mutex.unlock(m)
  }, alone)
})

test('a wait that is cancelled leaves without the mutex: unlock does nothing then, and neither does the guard', async (t) => {
  await Miou.run(function* () {
    const m = Mutex.create()
    const c = Condition.create()
    const log: string[] = []
    const child = Miou.async(function* () {
      yield* Mutex.lock(m)
      try {
        yield* Condition.wait(c, m)
      } finally {
        Mutex.unlock(m)
        log.push('unlocked')
      }
    })
    const guarded = Miou.async(function* () {
      using _ = yield* Mutex.lock(m)
      yield* Condition.wait(c, m)
    })
    const protectedly = Miou.async(() => Mutex.protect(m, () => Condition.wait(c, m)))
    yield* Miou.yield()
    yield* Mutex.lock(m)
    for (const task of [child, guarded, protectedly]) {
      yield* Miou.cancel(task)
      const result = yield* Miou.await(task)
      t.deepEqual(isError(t, result.ok || result.error, Miou.Cancelled).suppressed, [])
    }
    t.deepEqual(log, ['unlocked'])
    Mutex.unlock(m)
    t.true(Mutex.tryLock(m))
    Mutex.unlock(m)
  }, alone)
})

test('the canceller may hold the mutex: that is why a cancelled wait does not take it again', async (t) => {
  await Miou.run(function* () {
    const m = Mutex.create()
    const c = Condition.create()
    const child = Miou.async(function* () {
      using _ = yield* Mutex.lock(m)
      for (;;) yield* Condition.wait(c, m)
    })
    yield* Miou.yield()
    using _ = yield* Mutex.lock(m)
    yield* Miou.cancel(child)
    t.pass()
  }, alone)
})

test('where a cancelled task locks again in its clean-up, unlock unlocks', async (t) => {
  await Miou.run(function* () {
    const m = Mutex.create()
    const c = Condition.create()
    const child = Miou.async(function* () {
      yield* Mutex.lock(m)
      try {
        yield* Condition.wait(c, m)
      } finally {
        yield* Miou.shield(() => Mutex.lock(m))
        t.false(Mutex.tryLock(m))
        Mutex.unlock(m)
        t.true(Mutex.tryLock(m))
        Mutex.unlock(m)
      }
    })
    yield* Miou.yield()
    yield* Miou.cancel(child)
  }, alone)
})

test('once a cancelled task has locked again, only one unlock is its own: the next one is refused', async (t) => {
  await Miou.run(function* () {
    const m = Mutex.create()
    const c = Condition.create()
    const refused: unknown[] = []
    const relock: (() => Miou.Operation<void>)[] = [
      function* () {
        using _ = yield* Mutex.lock(m)
      },
      function* () {
        Mutex.tryLock(m)
        Mutex.unlock(m)
      },
    ]
    for (const lockAgain of relock) {
      const waiter = Miou.async(function* () {
        yield* Mutex.lock(m)
        try {
          yield* Condition.wait(c, m)
        } finally {
          yield* lockAgain()
          refused.push(refuses(t, () => Mutex.unlock(m), Miou.MutexError, /not locked/).reason)
        }
      })
      yield* Unix.sleep(1)
      yield* Miou.cancel(waiter)
    }
    t.deepEqual(refused, ['unlocked', 'unlocked'])
  }, alone)
})

test('a wait that an already cancelled task tries throws Cancelled and keeps the mutex', async (t) => {
  await Miou.run(function* () {
    const m = Mutex.create()
    const c = Condition.create()
    let waiting = false
    const child = Miou.async(function* () {
      try {
        waiting = true
        yield* Unix.sleep(1000)
      } finally {
        yield* Mutex.lock(m)
        try {
          yield* Condition.wait(c, m)
          t.fail()
        } catch (error) {
          isError(t, error, Miou.Cancelled)
          t.false(Mutex.tryLock(m))
        }
        Mutex.unlock(m)
      }
    })
    yield* until(() => waiting)
    yield* Miou.cancel(child)
    t.true(Mutex.tryLock(m))
    Mutex.unlock(m)
  }, alone)
})

test('without the mutex wait is refused, and leaves nobody on the condition', async (t) => {
  await Miou.run(function* () {
    const m = Mutex.create()
    const c = Condition.create()
    const reason = (): string => refuses(t, () => Condition.wait(c, m), Miou.MutexError, /lock it first/).reason
    t.is(reason(), 'unlocked')
    const holder = Miou.async(function* () {
      using _ = yield* Mutex.lock(m)
      yield* Miou.yield()
    })
    yield* Miou.yield()
    t.is(reason(), 'notOwner')
    yield* holder
    const waiter = Miou.async(function* () {
      using _ = yield* Mutex.lock(m)
      yield* Condition.wait(c, m)
      return 'woken'
    })
    yield* Miou.yield()
    Condition.signal(c)
    t.is(yield* waiter, 'woken', 'nobody else has eaten the signal')
  }, alone)
})

test('signals may come from anywhere: a timer, a promise, a finaliser, a hook', async (t) => {
  await Miou.run(function* () {
    const m = Mutex.create()
    const c = Condition.create()
    const ways: ((done: () => void) => void)[] = [
      (done) => setTimeout(done, 1),
      (done) => void Promise.resolve().then(done),
      (done) => {
        const resource = Miou.Ownership.create(1, done)
        Miou.Ownership.own(resource)
        Miou.Ownership.release(resource)
      },
      (done) => {
        const hook = Miou.Hook.add(() => {
          Miou.Hook.remove(hook)
          done()
        })
      },
    ]
    for (const way of ways) {
      let ready = false
      const waiter = Miou.async(function* () {
        using _ = yield* Mutex.lock(m)
        while (!ready) yield* Condition.wait(c, m)
        return true
      })
      yield* Miou.yield()
      way(() => {
        ready = true
        Condition.broadcast(c)
      })
      // A hook runs before a slice: on a slow machine there would be none any more.
      yield* Miou.yield()
      t.true(yield* waiter)
    }
  }, alone)
})

test('the same name is the same condition; a mutex of that name is another object', async (t) => {
  const c = Condition.create('__test__ condition')
  t.is(Condition.create('__test__ condition'), c)
  t.not(Condition.create('__test__ condition') as unknown, Mutex.create('__test__ condition'))
  t.not(Condition.create(), Condition.create())
  await Miou.run(() => Unix.sleep(0), alone)
})

test('waitSync and signal on a thread of the user’s own', async (t) => {
  const shared = words(3)
  await Miou.run(function* () {
    const m = Mutex.create('__test__ waitSync')
    const c = Condition.create('__test__ waitSync')
    yield* Mutex.lock(m)
    refuses(t, () => Condition.waitSync(c, m), Miou.InvalidArgument, /Condition\.wait here/)
    const worker = new Worker(new URL('./programs/own-thread-waits.js', import.meta.url), { workerData: shared })
    const exit = new Promise((resolve) => worker.once('exit', resolve))
    Mutex.unlock(m)
    yield* reaches(shared, 0)
    {
      using _ = yield* Mutex.lock(m)
      Atomics.store(shared, 1, 1)
      Condition.signal(c)
      while (shared[2] === 0) yield* Condition.wait(c, m)
    }
    t.is(yield* promised(exit), 0)
  }, alone)
})

test('a thread that is terminated in waitSync leaves the condition in order', async (t) => {
  const shared = words(3)
  await Miou.run(function* () {
    const m = Mutex.create('__test__ waitSync')
    const c = Condition.create('__test__ waitSync')
    const worker = new Worker(new URL('./programs/own-thread-waits.js', import.meta.url), { workerData: shared })
    yield* reaches(shared, 0)
    yield* Mutex.lock(m)
    yield* promised(worker.terminate())
    const waiter = Miou.async(function* () {
      using _ = yield* Mutex.lock(m)
      yield* Condition.wait(c, m)
      return 'woken'
    })
    yield* Miou.yield()
    Mutex.unlock(m)
    yield* Miou.yield()
    yield* Mutex.lock(m)
    Condition.signal(c)
    Mutex.unlock(m)
    t.is(yield* waiter, 'woken')
  }, alone)
})

test('a signal that a waiter had got whose domain, or thread, dies before it has the mutex again goes to the next', async (t) => {
  await Miou.run(
    function* () {
      for (const how of ['domain', 'thread']) {
        const shared = words(3)
        const m = Mutex.create('__test__ waitSync')
        const c = Condition.create('__test__ waitSync')
        const thread =
          how === 'thread'
            ? new Worker(new URL('./programs/own-thread-waits.js', import.meta.url), { workerData: shared })
            : undefined
        const dying = how === 'domain' ? Miou.call(diesRelocking, [c, m, shared]) : undefined
        yield* reaches(shared, 0)
        yield* Mutex.lock(m)
        const next = Miou.async(function* () {
          using _ = yield* Mutex.lock(m)
          Atomics.store(shared, 2, 1)
          yield* Condition.wait(c, m)
          return 'woken'
        })
        yield* Miou.yield()
        Mutex.unlock(m)
        yield* reaches(shared, 2)
        yield* Mutex.lock(m)
        Condition.signal(c)
        if (thread !== undefined) yield* promised(thread.terminate())
        else {
          Atomics.store(shared, 1, 1)
          const died = yield* Miou.await(dying!)
          isError(t, died.ok || died.error, Miou.DomainDied)
        }
        Mutex.unlock(m)
        t.is(yield* next, 'woken', how)
      }
    },
    { domains: 1 },
  )
})

test('a signal whose waiter holds the mutex again, but has not run, when its domain dies goes to the next', async (t) => {
  await Miou.run(
    function* () {
      const shared = words(3)
      const m = Mutex.create()
      const c = Condition.create()
      const dying = Miou.call(diesWoken, [c, m, shared])
      yield* reaches(shared, 0)
      const next = Miou.async(function* () {
        using _ = yield* Mutex.lock(m)
        shared[2] = 1
        yield* Condition.wait(c, m)
        return 'woken'
      })
      yield* until(() => shared[2] === 1)
      yield* Mutex.lock(m)
      Condition.signal(c)
      Mutex.unlock(m)
      const died = yield* Miou.await(dying)
      isError(t, died.ok || died.error, Miou.DomainDied)
      t.is(yield* next, 'woken')
      t.is(shared[1], 0)
    },
    { domains: 1 },
  )
})

test('what is no condition, or no mutex, is refused with a sentence', async (t) => {
  refuses(t, () => Condition.create(''), Miou.InvalidArgument, /name/)
  refuses(t, () => Condition.create('\ud800'), Miou.InvalidArgument, /name/)
  await Miou.run(function* () {
    const m = Mutex.create()
    const c = Condition.create()
    yield* Mutex.lock(m)
    for (const wrong of [undefined, null, 1, {}, m]) {
      for (const what of [Condition.signal, Condition.broadcast])
        refuses(t, () => what(wrong as never), Miou.InvalidArgument, /Condition\.create/)
      for (const what of [Condition.wait, Condition.waitSync])
        refuses(t, () => what(wrong as never, m), Miou.InvalidArgument, /Condition\.create/)
    }
    for (const wrong of [undefined, null, 1, {}, c]) {
      for (const what of [Condition.wait, Condition.waitSync])
        refuses(t, () => what(c, wrong as never), Miou.InvalidArgument, /mutex/)
    }
    Mutex.unlock(m)
  }, alone)
})

test('a wait whose mutex was unlocked before it began is refused', async (t) => {
  await Miou.run(function* () {
    const m = Mutex.create()
    yield* Mutex.lock(m)
    const waiting = Condition.wait(Condition.create(), m)
    Mutex.unlock(m)
    let refused: unknown
    try {
      yield* waiting
    } catch (error) {
      refused = error
    }
    t.true(refused instanceof Miou.MutexError)
    t.true(Mutex.tryLock(m), 'nobody holds it')
    Mutex.unlock(m)
  }, alone)
})

test('a wait in a child of who holds the mutex says that the child has to lock it', async (t) => {
  await Miou.run(function* () {
    const m = Mutex.create()
    using _ = yield* Mutex.lock(m)
    const waiting = Miou.async(() => Miou.timeout(1000, () => Condition.wait(Condition.create(), m)))
    const result = yield* Miou.await(waiting)
    const error = result.ok ? undefined : (result.error as Miou.MutexError)
    t.is(error?.reason, 'notOwner')
    t.regex(error?.message ?? '', /lock it first, in the task that waits.*timeout/)
  }, alone)
})
