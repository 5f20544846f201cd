import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { echo, failingTree, lives, spin, tree } from './programs/numbers.js'
import { swallows, throwsUnwinding, unwindsAfter } from './programs/unwinding.js'
import { test } from './support/case.js'
import { isError, rejects } from './support/refusal.js'
import { forever, never, reaches, until, words } from './support/waiting.js'
import { logged } from './support/logged.js'

const alone = { domains: 0 }
const three = { domains: 3 }

test('Cancelled is thrown where the task is suspended, and every enclosing finally runs', async (t) => {
  const log: string[] = []
  await Miou.run(function* () {
    const child = Miou.async(function* () {
      try {
        try {
          yield* never()
        } finally {
          log.push('inner')
        }
      } finally {
        log.push('outer')
      }
    })
    yield* Miou.yield()
    yield* Miou.cancel(child)
    t.deepEqual(log, ['inner', 'outer'])
  }, alone)
})

test('cancellation is level-triggered: what completes at once still works, what would wait throws again', async (t) => {
  const log: string[] = []
  await Miou.run(function* () {
    const m = Miou.Mutex.create()
    let waiting = false
    const cancelled = Miou.async(function* () {
      const child = Miou.async(() => echo(1))
      yield* Miou.await(child)
      try {
        waiting = true
        yield* never()
      } finally {
        const first = yield* waits(log, Miou.yield)
        const again = yield* waits(log, () => Unix.sleep(1))
        t.is(first, again)
        yield* Miou.Mutex.lock(m)
        Miou.Mutex.unlock(m)
        t.is(yield* Miou.awaitExn(child), 1)
        log.push('completes')
        yield* waits(log, never)
      }
    })
    yield* until(() => waiting)
    yield* Miou.cancel(cancelled)
  }, alone)
  t.deepEqual(log, ['throws', 'throws', 'completes', 'throws'])
})

function* waits(log: string[], operation: () => Miou.Operation<void>): Generator<Miou.Suspension, unknown> {
  try {
    yield* operation()
    log.push('waits')
    return undefined
  } catch (error) {
    log.push('throws')
    return error
  }
}

test('a switch that a spent budget forces does not throw in a cancelled task', async (t) => {
  await Miou.run(
    function* () {
      let completed = 0
      let waiting = false
      const child = Miou.async(function* () {
        const ended = Miou.async(() => echo(1))
        yield* ended
        try {
          waiting = true
          yield* never()
        } finally {
          for (let i = 0; i < 100; i++) completed += yield* Miou.awaitExn(ended)
        }
      })
      yield* until(() => waiting)
      let others = 0
      const other = Miou.async(function* () {
        for (; ; others++) yield* Miou.yield()
      })
      yield* Miou.cancel(child)
      t.is(completed, 100)
      t.true(others > 5, 'others ran meanwhile')
      yield* Miou.cancel(other)
    },
    { domains: 0, quanta: 8 },
  )
})

test('each task has a Cancelled of its own, with the reason as its cause', async (t) => {
  const reason = new Error('the reason')
  const seen: unknown[] = []
  const watch = function* (): Generator<Miou.Suspension, void> {
    try {
      yield* never()
    } catch (error) {
      seen.push(error)
      throw error
    }
  }
  await Miou.run(function* () {
    const parent = Miou.async(function* () {
      Miou.async(watch)
      Miou.async(function* () {
        Miou.async(watch)
        yield* watch()
      })
      yield* Miou.yield()
      yield* Miou.yield()
      throw reason
    })
    const result = yield* Miou.await(parent)
    t.is(result.ok || result.error, reason)
  }, alone)
  t.is(seen.length, 3)
  t.is(new Set(seen).size, 3)
  for (const error of seen) t.is(isError(t, error, Miou.Cancelled).cause, reason)
})

for (const domains of [0, 3]) {
  test(`a loop that swallows every Cancelled is ended, with its name in the log; others run meanwhile (${domains} domains)`, async (t) => {
    const shared = words(3)
    const log = await logged(() =>
      Miou.run(
        function* () {
          const child =
            domains === 0
              ? Miou.async(() => swallows(shared), { name: 'glutton' })
              : Miou.call(swallows, [shared], { name: 'glutton' })
          yield* reaches(shared, 0)
          let turns = 0
          const other = Miou.async(function* () {
            for (; ; turns++) yield* Miou.yield()
          })
          yield* Miou.cancel(child)
          t.true(Atomics.load(shared, 1) >= 1000)
          t.is(Atomics.load(shared, 2), 1, 'return() ran its finally block')
          t.true(turns > 2)
          const result = yield* Miou.await(child)
          isError(t, result.ok || result.error, Miou.Cancelled)
          yield* Miou.cancel(other)
        },
        { domains },
      ),
    )
    // What a domain writes arrives by way of this thread's loop.
    if (domains === 0) t.regex(log, /glutton/)
  })
}

test('a finally block that swallows as well is dropped, after the finalisers', async (t) => {
  const log: string[] = []
  await Miou.run(function* () {
    const child = Miou.async(function* () {
      Miou.Ownership.own(Miou.Ownership.create(1, () => log.push('finalised')))
      try {
        yield* swallowing()
      } finally {
        log.push('finally')
        yield* swallowing()
      }
    })
    yield* Miou.yield()
    yield* Miou.cancel(child)
    log.push('cancelled')
  }, alone)
  t.deepEqual(log, ['finally', 'finalised', 'cancelled'])
})

function* swallowing(): Generator<Miou.Suspension, never> {
  for (;;) {
    try {
      yield* Unix.sleep(1000)
    } catch {}
  }
}

test('shields are waited for even in a task that swallows every Cancelled', async (t) => {
  const log: string[] = []
  await Miou.run(function* () {
    const child = Miou.async(function* () {
      try {
        yield* swallowing()
      } finally {
        yield* Miou.shield(function* () {
          yield* Unix.sleep(5)
          log.push('shielded')
        })
      }
    })
    yield* Miou.yield()
    yield* Miou.cancel(child)
    t.deepEqual(log, ['shielded'])
  }, alone)
})

test('a child that is spawned in a cancelled task never starts, and what it was given is finalised', async (t) => {
  const shared = words(1)
  await Miou.run(function* () {
    let finalised = 0
    const child = Miou.async(function* () {
      try {
        yield* never()
      } finally {
        const given = Miou.Ownership.create(1, () => finalised++)
        Miou.Ownership.own(given)
        const born = Miou.async(() => t.fail() as never, { give: [given] })
        const remote = Miou.call(lives, [shared, 0, 0])
        t.is(born.state, 'running')
        t.is(remote.state, 'exited')
      }
    })
    yield* Miou.yield()
    yield* Miou.cancel(child)
    t.is(finalised, 1)
  }, three)
  t.is(shared[0], 0)
})

test('cancel returns only when every descendant on every domain has unwound', async (t) => {
  for (let i = 0; i < 10; i++) {
    const shared = words(2)
    await Miou.run(function* () {
      const root = i % 2 ? Miou.call(tree, [shared, 3]) : Miou.async(() => tree(shared, 3))
      yield* reaches(shared, 0, 15)
      yield* Miou.cancel(root)
      t.is(shared[1], 15)
    }, three)
  }
})

test('a tree that is cancelled while it grows leaves nobody behind', async (t) => {
  for (let i = 0; i < 30; i++) {
    const shared = words(2)
    await Miou.run(function* () {
      const root = i % 2 ? Miou.call(tree, [shared, 3]) : Miou.async(() => tree(shared, 3))
      yield* reaches(shared, 0, i % 15)
      yield* Miou.cancel(root)
      t.is(shared[0], shared[1], 'all that started have unwound')
    }, three)
    t.is(shared[0], shared[1])
  }
})

test('awaiting a task that failed returns only when every descendant on every domain has unwound', async (t) => {
  for (let i = 0; i < 10; i++) {
    const shared = words(2)
    await Miou.run(function* () {
      const total = 7 + 3 + 1
      const root = i % 2 ? Miou.call(failingTree, [shared, total]) : Miou.async(() => failingTree(shared, total))
      const result = yield* Miou.await(root)
      isError(t, result.ok || result.error, Error, /the root of the tree/)
      t.is(shared[1], total)
    }, three)
  }
})

test('run rejects only when every descendant on every domain has unwound', async (t) => {
  for (let i = 0; i < 10; i++) {
    const shared = words(2)
    const run = Miou.run(() => failingTree(shared, 11), three)
    await rejects(t, run, Error, /the root of the tree/)
    t.is(shared[1], 11)
  }
})

test('while cancel waits for a remote task, the tasks that are runnable here run', async (t) => {
  const shared = words(2)
  await Miou.run(function* () {
    const child = Miou.call(unwindsAfter, [shared, 1000])
    yield* reaches(shared, 0)
    const other = Miou.async(function* () {
      for (let turns = 0; turns < 1000; turns++) {
        yield* Miou.yield()
        Atomics.add(shared, 1, 1)
      }
    })
    yield* Miou.cancel(child)
    t.is(shared[1], 1000)
    yield* other
  }, three)
})

test('a canceller that is cancelled itself leaves its child cancelled, and over before it is over itself', async (t) => {
  const shared = words(2)
  await Miou.run(function* () {
    const canceller = Miou.async(function* () {
      const child = Miou.call(lives, [shared, 0, 1])
      yield* reaches(shared, 0)
      yield* Miou.cancel(child)
    })
    yield* reaches(shared, 0)
    yield* Miou.cancel(canceller)
    t.is(shared[1], 1)
  }, three)
})

test('a task that was cancelled before its first slice never runs its body', async (t) => {
  await Miou.run(function* () {
    const child = Miou.async(() => t.fail() as never)
    yield* Miou.cancel(child)
    const result = yield* Miou.await(child)
    isError(t, result.ok || result.error, Miou.Cancelled)
  }, alone)
})

test('a task that completes in the moment in which it is cancelled is Cancelled, and what its operation brought is not lost', async (t) => {
  await Miou.run(function* () {
    const m = Miou.Mutex.create()
    yield* Miou.Mutex.lock(m)
    const waiter = Miou.async(function* () {
      yield* Miou.Mutex.lock(m)
      t.fail()
    })
    const next = Miou.async(function* () {
      using _ = yield* Miou.Mutex.lock(m)
      return 'next'
    })
    yield* Miou.yield()
    // Handed to the first in line, which is cancelled before it runs.
    Miou.Mutex.unlock(m)
    yield* Miou.cancel(waiter)
    t.is(yield* next, 'next')
  }, alone)
})

test('aborting the signal of a run cancels main, with the reason as the cause', async (t) => {
  const abort = new AbortController()
  const reason = new Error('enough')
  let unwound = false
  const run = Miou.run(
    function* () {
      try {
        abort.abort(reason)
        yield* never()
      } finally {
        unwound = true
      }
    },
    { domains: 0, signal: abort.signal },
  )
  t.is((await rejects(t, run, Miou.Cancelled)).cause, reason)
  t.true(unwound)
  const late = Miou.run(() => t.fail() as never, { domains: 1, signal: abort.signal })
  t.is((await rejects(t, late, Miou.Cancelled)).cause, reason)
})

test('a signal that is aborted after the end of its run does nothing', async (t) => {
  const abort = new AbortController()
  t.is(await Miou.run(() => echo(1), { domains: 0, signal: abort.signal }), 1)
  abort.abort()
  t.is(await Miou.run(() => echo(2), alone), 2)
})

test('cancelling many busy remote tasks at once ends them all', async (t) => {
  await Miou.run(function* () {
    const tasks = Array.from({ length: 50 }, () => Miou.call(spin, []))
    yield* Miou.yield()
    for (const task of tasks) yield* Miou.cancel(task)
    t.true(tasks.every((task) => task.state === 'exited'))
  }, three)
})

test('a task that runs when it is cancelled meets it at its next operation that waits', async (t) => {
  await Miou.run(function* () {
    const abort = new AbortController()
    const inner = Miou.run(
      function* () {
        abort.abort()
        const ended = Miou.async(() => echo(1))
        try {
          yield* Miou.awaitExn(ended)
          t.fail()
        } catch (error) {
          isError(t, error, Miou.Cancelled)
        }
        return 'swallowed'
      },
      { domains: 0, signal: abort.signal },
    )
    const over = Miou.syscall()
    inner.then(
      () => t.fail(),
      (error) => {
        isError(t, error, Miou.Cancelled)
        Miou.signal(over)
      },
    )
    yield* Miou.suspend(over)
  }, alone)
})

test('a parent that failed waits for a child that is busy unwinding, without starving anybody', async (t) => {
  await Miou.run(function* () {
    let turns = 0
    const ticker = Miou.async(function* () {
      for (; ; turns++) yield* Miou.yield()
    })
    const parent = Miou.async(function* () {
      Miou.async(function* () {
        try {
          yield* forever()
        } finally {
          yield* Miou.shield(() => Unix.sleep(20))
        }
      })
      yield* Miou.yield()
      throw new Error('parent')
    })
    yield* until(() => parent.state === 'exited')
    const before = turns
    yield* Miou.await(parent)
    t.true(turns > before + 10, `${turns - before} turns in 20 ms`)
    yield* Miou.cancel(ticker)
  }, alone)
})

test('cancelling a child that is over changes how it is awaited, not its state', async (t) => {
  await Miou.run(function* () {
    const returned = Miou.async(function* () {
      return 1
    })
    const failed = Miou.async(function* () {
      throw new Error('failed')
    })
    yield* Miou.awaitAll([returned, failed])
    for (const task of [returned, returned, failed]) yield* Miou.cancel(task)
    t.is(returned.state, 'finished')
    t.is(failed.state, 'exited')
    for (const result of yield* Miou.awaitAll([returned, failed]))
      isError(t, !result.ok && result.error, Miou.Cancelled)
  }, alone)
})

test('what a cancelled task throws while it unwinds is kept in suppressed, on whichever domain it runs', async (t) => {
  const shared = words(1)
  let running = 0
  await logged(() =>
    Miou.run(
      function* () {
        const tasks = [Miou.async(() => throwsUnwinding(shared)), Miou.call(throwsUnwinding, [shared])]
        const loser = Miou.call(throwsUnwinding, [shared])
        yield* reaches(shared, 0, 3)
        for (const task of tasks) yield* Miou.cancel(task)
        yield* Miou.awaitFirst([Miou.async(() => Miou.yield()), loser])
        for (const result of yield* Miou.awaitAll([...tasks, loser])) {
          const { suppressed } = isError(t, !result.ok && result.error, Miou.Cancelled)
          t.is(suppressed.length, 1)
          isError<Error>(t, suppressed[0], RangeError, /^while it unwound$/)
          running++
        }
      },
      { domains: 1 },
    ),
  )
  t.is(running, 3)
})

test('a program that has put something else where suppressed errors are kept keeps that', async (t) => {
  for (const kept of [null, 'text', Object.freeze([1])]) {
    await Miou.run(function* () {
      const task = Miou.async(function* () {
        try {
          yield* never()
        } catch (error) {
          ;(error as { suppressed: unknown }).suppressed = kept
          throw new Error('while it unwound')
        }
      })
      yield* Miou.yield()
      yield* Miou.cancel(task)
      const result = yield* Miou.await(task)
      t.is(isError(t, result.ok || result.error, Miou.Cancelled).suppressed, kept as never)
    }, alone)
  }
})
