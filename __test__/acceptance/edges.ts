import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { count, domainOf, echo, fail, hang, lives } from '../programs/numbers.js'
import { heldResource, locked } from '../programs/resources.js'
import { test } from '../support/case.js'
import { isError, refuses, rejects } from '../support/refusal.js'
import { forever, never, reaches, until, words } from '../support/waiting.js'

const three = { domains: 3 }
const alone = { domains: 0 }
const { Ownership, Mutex, Condition } = Miou

test('X01: a child that fails does nothing to its parent and its siblings until the parent awaits it', async (t) => {
  await Miou.run(function* () {
    const log: string[] = []
    const child = Miou.async(() => fail('x01'))
    const remote = Miou.call(fail, ['x01'])
    const sibling = Miou.async(function* () {
      for (let i = 0; i < 5; i++) yield* Miou.yield()
      log.push('sibling')
      return 7
    })
    yield* until(() => child.state === 'exited' && remote.state === 'exited')
    log.push('parent')
    t.is(yield* sibling, 7)
    t.deepEqual(log.sort(), ['parent', 'sibling'])
    for (const task of [child, remote]) {
      const result = yield* Miou.await(task)
      isError(t, result.ok || result.error, Error, /^x01$/)
    }
  }, three)
})

test('X02: awaitAll tells how each ended, in order, and cancels none', async (t) => {
  await Miou.run(function* () {
    const slow = Miou.async(function* () {
      for (let i = 0; i < 10; i++) yield* Miou.yield()
      return 'slow'
    })
    const [a, b] = yield* Miou.awaitAll([Miou.async(() => fail('x02')), slow])
    isError(t, a.ok || a.error, Error, /^x02$/)
    t.deepEqual(b, { ok: true, value: 'slow' })
  }, alone)
})

test('X03: NotAChild, NotOwner and NoDomainAvailable are caught, and the program goes on', async (t) => {
  t.is(
    await Miou.run(function* () {
      const stranger = Miou.async(function* () {
        refuses(t, () => Miou.await(Miou.self()), Miou.NotAChild)
        refuses(t, () => Miou.cancel(Miou.self()), Miou.NotAChild)
        refuses(t, () => Miou.awaitFirst([Miou.self()]), Miou.NotAChild)
      })
      refuses(t, () => Ownership.check(Ownership.create(1, () => {})), Miou.NotOwner)
      refuses(t, () => Miou.call(echo, [1]), Miou.NoDomainAvailable)
      yield* stranger
      return 'on'
    }, alone),
    'on',
  )
})

test('X04: a child that has ended is owed an await all the same', async (t) => {
  const run = Miou.run(function* () {
    const child = Miou.async(function* () {})
    yield* until(() => child.state === 'finished')
  }, alone)
  await rejects(t, run, Miou.StillHasChildren)
  const remote = Miou.run(function* () {
    const child = Miou.call(echo, [1])
    yield* until(() => child.state === 'finished')
  }, three)
  await rejects(t, remote, Miou.StillHasChildren)
})

test('X05: resources are looked at before children', async (t) => {
  let finalised = 0
  const run = Miou.run(function* () {
    Ownership.own(Ownership.create(1, () => finalised++))
    Miou.async(never)
  }, alone)
  await rejects(t, run, Miou.ResourceLeaked)
  t.is(finalised, 1)
})

test('X12: a task that throws unwinds its children newest first, then its waiter goes on', async (t) => {
  await Miou.run(function* () {
    const log: string[] = []
    const parent = Miou.async(function* () {
      for (const name of ['a', 'b', 'c']) {
        Miou.async(function* () {
          try {
            yield* never()
          } finally {
            log.push(name)
          }
        })
      }
      yield* Miou.yield()
      throw new Error('x12')
    })
    yield* Miou.await(parent)
    t.deepEqual(log, ['c', 'b', 'a'])
  }, alone)
})

test('X14: a cancelled task is Cancelled, whatever it returns or throws; what it throws is kept in suppressed', async (t) => {
  await Miou.run(function* () {
    const stubborn = Miou.async(function* () {
      try {
        yield* never()
      } catch {}
      return 42
    })
    const boom = new Error('boom')
    const loud = Miou.async(function* () {
      try {
        yield* never()
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: it is what the case is about
        throw boom
      }
    })
    yield* Miou.yield()
    for (const task of [stubborn, loud]) {
      yield* Miou.cancel(task)
      const result = yield* Miou.await(task)
      const error = isError(t, result.ok || result.error, Miou.Cancelled)
      t.deepEqual(error.suppressed, task === loud ? [boom] : [])
    }
  }, alone)
})

test('X15: cancelling twice, a failed child, a failed child that was awaited: never an error, and Cancelled from then on', async (t) => {
  await Miou.run(function* () {
    const running = Miou.async(forever)
    yield* Miou.cancel(running)
    const failed = Miou.async(() => fail('f'))
    const awaited = Miou.async(() => fail('a'))
    yield* Miou.await(awaited)
    const remote = Miou.call(fail, ['r'])
    yield* Miou.await(remote)
    for (const task of [running, failed, awaited, remote]) {
      yield* Miou.cancel(task)
      yield* Miou.cancel(task)
      const result = yield* Miou.await(task)
      isError(t, result.ok || result.error, Miou.Cancelled)
    }
  }, three)
})

test('X17: the loser of awaitFirst may be awaited, and is Cancelled', async (t) => {
  await Miou.run(function* () {
    const quick = Miou.async(() => echo(1))
    for (const endless of [Miou.async(forever), Miou.call(hang, [])]) {
      const first = yield* Miou.awaitFirst([quick, endless])
      t.deepEqual(first, { ok: true, value: 1 })
      const result = yield* Miou.await(endless)
      isError(t, result.ok || result.error, Miou.Cancelled)
    }
  }, three)
})

test('X18: awaitFirst with one that fails first is its error, and the others are cancelled', async (t) => {
  await Miou.run(function* () {
    const endless = Miou.async(forever)
    const first = yield* Miou.awaitFirst([Miou.async(() => fail('x18')), endless])
    isError(t, first.ok || first.error, Error, /^x18$/)
    t.is(endless.state, 'exited')
  }, alone)
})

test('X19: among tasks that have ended when it decides, awaitFirst prefers one that returned, always', async (t) => {
  for (let seed = 0; seed < 50; seed++) {
    await Miou.run(
      function* () {
        const tasks = [Miou.async(() => fail('a')), Miou.async(() => echo('b')), Miou.async(() => fail('c'))]
        t.deepEqual(yield* Miou.awaitFirst(tasks), { ok: true, value: 'b' })
        const later = [Miou.async(() => fail('a')), Miou.async(() => echo('b'))]
        yield* Miou.yield()
        t.deepEqual(yield* Miou.awaitOne(later), { ok: true, value: 'b' })
        yield* Miou.await(later[0]!)
      },
      { domains: 0, seed },
    )
  }
})

test('X20: the losers of awaitFirst have all unwound when it returns', async (t) => {
  const shared = words(2)
  await Miou.run(function* () {
    const losers = [
      Miou.call(lives, [shared, 0, 1]),
      Miou.async(() => lives(shared, 0, 1)),
      Miou.call(lives, [shared, 0, 1]),
    ]
    const winner = Miou.async(function* () {
      yield* reaches(shared, 0, 3)
    })
    yield* Miou.awaitFirst([...losers, winner])
    t.is(shared[1], 3)
  }, three)
})

test('X22: a call that is cancelled before it starts never runs, and what it was given is finalised, once', async (t) => {
  const shared = words(2)
  await Miou.run(function* () {
    const resource = heldResource(shared)
    Ownership.own(resource)
    const child = Miou.call(count, [shared, 1], { give: [resource] })
    yield* Miou.cancel(child)
    t.is(shared[0], 1)
    t.true(shared[1]! <= 1)
    refuses(t, () => Ownership.check(resource), Miou.NotOwner)
  }, three)
})

test('X24: owning twice, transfer from main, disowning what was never owned are refused by name', async (t) => {
  await Miou.run(function* () {
    const resource = Ownership.create(1, () => t.fail())
    refuses(t, () => Ownership.disown(resource), Miou.NotOwner)
    Ownership.own(resource)
    refuses(t, () => Ownership.own(resource), Miou.InvalidArgument)
    refuses(t, () => Ownership.transfer(resource), Miou.InvalidArgument, /main/)
    Ownership.disown(resource)
  }, alone)
})

test('X25: finalisers run newest first; one that throws is logged, and neither stops the others nor replaces the error', async (t) => {
  const order: number[] = []
  await Miou.run(function* () {
    const child = Miou.async(function* () {
      for (const n of [1, 2, 3]) {
        const finalise = (): void => {
          order.push(n)
          if (n === 2) throw new Error('a finaliser')
        }
        Ownership.own(Ownership.create(n, finalise))
      }
      throw new Error('x25')
    })
    const result = yield* Miou.await(child)
    isError(t, result.ok || result.error, Error, /^x25$/)
  }, alone)
  t.deepEqual(order, [3, 2, 1])
})

test('X26: a finaliser that tries an operation gets NotInTask; plain functions work; the others run', async (t) => {
  const seen: unknown[] = []
  await Miou.run(function* () {
    const child: Miou.Task<void> = Miou.async(function* () {
      Ownership.own(Ownership.create('first', () => seen.push('first')))
      const finalise = (): void => {
        seen.push(Miou.self() === child, Miou.Domain.self())
        Miou.yield()
      }
      Ownership.own(Ownership.create('second', finalise))
      throw new Error('x26')
    })
    yield* Miou.await(child)
  }, alone)
  t.deepEqual(seen, [true, 0, 'first'])
})

test('X28: locking twice, unlocking when free, unlocking what another holds are three errors, and change nothing', async (t) => {
  await Miou.run(function* () {
    const m = Mutex.create()
    const reason = (error: Miou.MutexError): string => error.reason
    t.is(reason(refuses(t, () => Mutex.unlock(m), Miou.MutexError)), 'unlocked')
    yield* Mutex.lock(m)
    try {
      yield* Mutex.lock(m)
      t.fail()
    } catch (error) {
      t.is(reason(isError(t, error, Miou.MutexError)), 'owner')
    }
    yield* Miou.async(function* () {
      t.is(reason(refuses(t, () => Mutex.unlock(m), Miou.MutexError)), 'notOwner')
      t.false(Mutex.tryLock(m))
    })
    Mutex.unlock(m)
    t.true(Mutex.tryLock(m))
    Mutex.unlock(m)
  }, alone)
})

test('X29: a mutex goes to those who wait, in their order, and nobody barges in', async (t) => {
  const order: string[] = []
  await Miou.run(function* () {
    const m = Mutex.create()
    yield* Mutex.lock(m)
    const tasks = ['a', 'b', 'c'].map((name) =>
      Miou.async(function* () {
        yield* Mutex.lock(m)
        order.push(name)
        yield* Miou.yield()
        Mutex.unlock(m)
      }),
    )
    yield* Miou.yield()
    Mutex.unlock(m)
    t.false(Mutex.tryLock(m), 'it is handed over, and never free in between')
    yield* Miou.awaitAll(tasks)
  }, alone)
  t.deepEqual(order, ['a', 'b', 'c'])
})

test('X33: a wait that is cancelled leaves the condition, without the mutex, and protect copes', async (t) => {
  await Miou.run(function* () {
    const m = Mutex.create()
    const c = Condition.create()
    const waiter = Miou.async(() =>
      Mutex.protect(m, function* () {
        yield* Condition.wait(c, m)
      }),
    )
    yield* Miou.yield()
    yield* Mutex.lock(m)
    yield* Miou.cancel(waiter)
    const result = yield* Miou.await(waiter)
    isError(t, result.ok || result.error, Miou.Cancelled)
    t.deepEqual(result.ok || (result.error as Miou.Cancelled).suppressed, [])
    Condition.signal(c)
    Mutex.unlock(m)
  }, alone)
})

test('X35: a signal without a waiter is not stored', async (t) => {
  await Miou.run(function* () {
    const m = Mutex.create()
    const c = Condition.create()
    let woken = false
    Condition.signal(c)
    const waiter = Miou.async(function* () {
      using _ = yield* Mutex.lock(m)
      yield* Condition.wait(c, m)
      woken = true
    })
    for (let i = 0; i < 10; i++) yield* Miou.yield()
    yield* Unix.sleep(5)
    t.false(woken)
    Condition.signal(c)
    yield* waiter
  }, alone)
})

test('X38: care gives the newest that has ended, take the newest', async (t) => {
  await Miou.run(function* () {
    const collector = Miou.orphans<number>()
    const tasks = [0, 1, 2].map((n) => Miou.async(() => echo(n), { orphans: collector }))
    t.is(Miou.care(collector), null)
    yield* until(() => tasks.every((task) => task.state === 'finished'))
    for (const n of [2, 1, 0]) t.is(yield* Miou.care(collector)!, n)
    t.is(Miou.care(collector), undefined)
    for (const n of [3, 4, 5]) Miou.async(() => echo(n), { orphans: collector })
    for (const n of [5, 4, 3]) t.is(yield* Miou.take(collector)!, n)
    t.is(Miou.take(collector), undefined)
  }, alone)
})

test('X40: parallel spreads its items in turn over the domains, and keeps their order', async (t) => {
  await Miou.run(function* () {
    const domains = (yield* Miou.parallel(domainOf, [undefined, undefined, undefined, undefined] as never[])).map(
      (result) => result.ok && result.value,
    )
    t.is(domains[0], domains[3])
    t.is(new Set(domains).size, 3)
    const items = ['a', 'b', 'c', 'd']
    t.deepEqual(
      yield* Miou.parallel(echo<string>, items),
      items.map((value) => ({ ok: true as const, value })),
    )
  }, three)
})

test('X41: parallel of nothing is nothing, with domains and without; of something without domains is NoDomainAvailable', async (t) => {
  t.deepEqual(await Miou.run(() => Miou.parallel(echo, []), alone), [])
  t.deepEqual(await Miou.run(() => Miou.parallel(echo, []), three), [])
  await rejects(
    t,
    Miou.run(() => Miou.parallel(echo, [1]), alone),
    Miou.NoDomainAvailable,
  )
})

test('X42: tasks begin in the order in which they were spawned', async (t) => {
  const log: string[] = []
  await Miou.run(function* () {
    const a = Miou.async(function* () {
      log.push('A')
    })
    const b = Miou.async(function* () {
      log.push('B')
    })
    log.push('C')
    yield* Miou.awaitAll([a, b])
  }, alone)
  t.deepEqual(log, ['C', 'A', 'B'])
})

test('X50: sleepers that are due at once wake in the order of their deadlines', async (t) => {
  const naps = [7, 2, 9, 4, 1, 8, 3, 10, 6, 5].map((n) => n * 3)
  const woken: number[] = []
  // When each began, and what came after the last: a sleep begins between its task's beginning and the next one's.
  const begun: number[] = []
  await Miou.run(function* () {
    const tasks = naps.map((ms, at) =>
      Miou.async(function* () {
        begun.push(performance.now())
        yield* Unix.sleep(ms)
        woken.push(at)
      }),
    )
    yield* Miou.yield()
    begun.push(performance.now())
    // The thread is busy until all of them are due.
    const start = performance.now()
    while (performance.now() - start < 40);
    yield* Miou.awaitAll(tasks)
  }, alone)
  t.is(woken.length, naps.length)
  for (let i = 1; i < woken.length; i++) {
    const [earlier, later] = [woken[i - 1]!, woken[i]!]
    t.true(begun[earlier]! + naps[earlier]! <= begun[later + 1]! + naps[later]!, woken.join(' '))
  }
})

test('X54: a task, a collector and a syscall of an earlier run are refused', async (t) => {
  const collector = Miou.orphans<number>()
  const [task, syscall] = await Miou.run(function* () {
    const child = Miou.async(() => echo(1), { orphans: collector })
    yield* child
    return [child, Miou.syscall()] as const
  }, alone)
  await Miou.run(function* () {
    const says = /task 2 belongs to another run, which is over: /
    for (const what of [Miou.await, Miou.awaitExn, Miou.cancel]) refuses(t, () => what(task), Miou.NotAChild, says)
    refuses(t, () => Miou.awaitFirst([task]), Miou.NotAChild, says)
    for (const what of [Miou.care, Miou.take, Miou.get, Miou.drain])
      refuses(t, () => what(collector), Miou.InvalidArgument)
    refuses(t, () => Miou.suspend(syscall), Miou.InvalidArgument)
    yield* Miou.yield()
  }, alone)
})

test('X62: a mutex that another domain unlocks wakes its waiter on the waiter’s own domain, also where that sleeps', async (t) => {
  await Miou.run(function* () {
    const m = Mutex.create()
    for (let i = 0; i < 20; i++) {
      yield* Mutex.lock(m)
      const child = Miou.call(locked, [m])
      yield* Unix.sleep(2)
      Mutex.unlock(m)
      t.is(yield* child, child.domain)
    }
  }, three)
})
