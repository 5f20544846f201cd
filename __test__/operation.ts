import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { echo } from './programs/numbers.js'
import { test } from './support/case.js'
import { built, Process } from './support/process.js'
import { garbage } from './support/collected.js'
import { isError, refuses, rejects } from './support/refusal.js'
import { never, promised, until } from './support/waiting.js'

const alone = { domains: 0 }

/* Forgotten stars. */

test('an operation without its star is an error, thrown where the next operation is made, that names the first', async (t) => {
  await Miou.run(function* () {
    Unix.sleep(1)
    const error = refuses(t, () => Miou.yield(), Miou.ForgottenYield, /yield\* sleep/)
    t.is(error.code, 'ERR_MIOU_FORGOTTEN_YIELD')
    yield* Miou.yield()
  }, alone)
})

test('an operation that is forgotten at the end fails the task, before leaks and children are looked at', async (t) => {
  let finalised = 0
  await Miou.run(function* () {
    const child = Miou.async(function* () {
      Miou.Ownership.own(Miou.Ownership.create(1, () => finalised++))
      Miou.async(never)
      Miou.yield()
    })
    const result = yield* Miou.await(child)
    isError(t, result.ok || result.error, Miou.ForgottenYield, /yield\* yield/)
  }, alone)
  t.is(finalised, 1)
})

test('every operation is noticed where its star is missing', async (t) => {
  await Miou.run(function* () {
    const m = Miou.Mutex.create()
    const child = Miou.async(() => echo(1))
    const collector = Miou.orphans()
    const made: (() => unknown)[] = [
      () => Miou.await(child),
      () => Miou.awaitExn(child),
      () => Miou.awaitAll([child]),
      () => Miou.awaitOne([child]),
      () => Miou.awaitFirst([child]),
      () => Miou.cancel(child),
      () => Miou.shield(never),
      () => Miou.get(collector),
      () => Miou.drain(collector),
      () => Miou.parallel(echo, []),
      () => Miou.suspend(Miou.syscall()),
      () => Miou.Mutex.lock(m),
      () => Miou.Mutex.protect(m, never),
      () => Unix.sleep(1),
    ]
    for (const make of made) {
      make()
      refuses(t, () => Miou.yield(), Miou.ForgottenYield, /write yield\*/)
    }
    yield* child
  }, alone)
})

test('plain functions do not notice it: the error comes with the next operation', async (t) => {
  await Miou.run(function* () {
    Miou.yield()
    const child = Miou.async(() => echo(1))
    refuses(t, () => Miou.await(child), Miou.ForgottenYield)
    yield* child
  }, alone)
})

test('an operation is used once', async (t) => {
  await Miou.run(function* () {
    const operation = Miou.yield()
    yield* operation
    try {
      yield* operation
      t.fail()
    } catch (error) {
      isError(t, error, Miou.ForgottenYield, /used already/)
    }
  }, alone)
})

test('an operation is used by the task that made it', async (t) => {
  await Miou.run(function* () {
    const operation = Miou.yield()
    const child = Miou.async(function* () {
      yield* operation
    })
    yield* operation
    const result = yield* Miou.await(child)
    isError(t, result.ok || result.error, Miou.ForgottenYield, /another task/)
  }, alone)
})

test('an operation is used before the next one is made', async (t) => {
  await Miou.run(function* () {
    const operation = Miou.yield()
    refuses(t, () => Miou.yield(), Miou.ForgottenYield)
    try {
      yield* operation
      t.fail()
    } catch (error) {
      isError(t, error, Miou.ForgottenYield)
    }
  }, alone)
})

test('arguments that are refused leave no operation behind', async (t) => {
  await Miou.run(function* () {
    refuses(t, () => Miou.await(1 as never), Miou.InvalidArgument)
    refuses(t, () => Miou.awaitFirst([]), Miou.InvalidArgument)
    refuses(t, () => Miou.cancel(Miou.self()), Miou.NotAChild)
    yield* Miou.yield()
  }, alone)
})

/* What is yielded and is no operation. */

/** A value that throws whatever is asked of it. */
function gone(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

const foreign: [string, () => unknown, RegExp][] = [
  ['a promise', () => Promise.resolve(1), /promise.*until/],
  ['a number', () => 5, /5/],
  ['a bare yield', () => undefined, /undefined/],
  ['a generator without its star', () => never(), /a generator.*yield\*/],
  ['an operation without its star', () => Miou.yield(), /the operation of yield\(\): write yield\*/],
  ['a task without its star', () => Miou.async(() => echo(1)), /yield\*/],
  ['a proxy that has gone', gone, /a proxy/],
]
for (const [what, make, says] of foreign) {
  test(`${what} that is yielded is fatal: ForeignYield, and everything unwinds first`, async (t) => {
    const log: string[] = []
    const run = Miou.run(function* () {
      const sibling = Miou.async(function* () {
        try {
          yield* never()
        } catch (error) {
          log.push(isError(t, error, Miou.Cancelled).cause instanceof Miou.ForeignYield ? 'sibling' : 'without cause')
        }
      })
      const child = Miou.async(
        function* () {
          try {
            yield make() as never
            log.push('went on')
          } catch {
            log.push('caught')
          } finally {
            log.push('finally')
          }
        },
        { name: 'foreigner' },
      )
      yield* Miou.await(child)
      yield* sibling
      log.push('main went on')
    }, alone)
    const error = await rejects(t, run, Miou.ForeignYield, says)
    t.regex(error.message, /foreigner.*domain 0/)
    t.deepEqual(log.sort(), ['finally', 'sibling'])
  })
}

test('clean-up of a task that yielded something foreign may shield', async (t) => {
  const log: string[] = []
  const run = Miou.run(function* () {
    try {
      yield 1 as never
    } finally {
      yield* Miou.shield(function* () {
        yield* Unix.sleep(2)
        log.push('shielded')
      })
      log.push('finally')
    }
  }, alone)
  await rejects(t, run, Miou.ForeignYield)
  t.deepEqual(log, ['shielded', 'finally'])
})

/* Bodies. */

test('the body of a task is a function* or returns an operation; anything else is its error', async (t) => {
  await Miou.run(function* () {
    t.is(yield* Miou.async(() => Unix.sleep(0)), undefined)
    t.is(yield* Miou.async(() => Miou.async(() => echo(3))), 3)
    for (const body of [async () => {}, () => 1, () => undefined, () => 'text']) {
      const result = yield* Miou.await(Miou.async(body as never))
      isError(t, result.ok || result.error, Miou.InvalidArgument, /function\*/)
    }
    const thrown = yield* Miou.await(
      Miou.async(() => {
        throw new Error('before it began')
      }),
    )
    isError(t, thrown.ok || thrown.error, Error, /before it began/)
    for (const body of [undefined, null, 1, 'x', {}])
      refuses(t, () => Miou.async(body as never), Miou.InvalidArgument, /function\*/)
  }, alone)
})

/* Switch points. */

test('operations on state in memory complete at once, without a switch', async (t) => {
  await Miou.run(function* () {
    const m = Miou.Mutex.create()
    const ended = Miou.async(() => echo(1))
    yield* ended
    let switched = false
    const other = Miou.async(function* () {
      switched = true
    })
    for (let i = 0; i < 10; i++) {
      yield* Miou.Mutex.lock(m)
      Miou.Mutex.unlock(m)
      yield* Miou.await(ended)
      yield* Miou.awaitFirst([ended])
    }
    t.false(switched)
    yield* Miou.yield()
    t.true(switched)
    yield* other
  }, alone)
})

test('a slice has a budget of quanta completed operations: the next one switches first, and takes effect afterwards', async (t) => {
  for (const quanta of [1, 2, 7, 64]) {
    await Miou.run(
      function* () {
        const m = Miou.Mutex.create()
        const log: number[] = []
        const other = Miou.async(function* () {
          log.push(-1)
          t.true(Miou.Mutex.tryLock(m), 'the operation has not taken effect yet')
          Miou.Mutex.unlock(m)
        })
        const start = { ops: 0 }
        for (; log.length === 0; start.ops++) {
          yield* Miou.Mutex.lock(m)
          Miou.Mutex.unlock(m)
          if (start.ops > 100) t.fail()
        }
        t.is(start.ops, quanta + 1)
        yield* other
      },
      { domains: 0, quanta },
    )
  }
})

test('operations that are made of others count as one too: no loop of them starves the other tasks', async (t) => {
  const complete = Miou.Computation.create<void>()
  Miou.Computation.tryReturn(complete, undefined)
  const nothing = function* (): Generator<never, void> {}
  const loops: [string, () => Miou.Operation<unknown>][] = [
    ['shield', () => Miou.shield(nothing)],
    ['protect', () => Miou.protect({ finally() {} }, nothing)],
    ['tryCapture', () => Miou.Computation.tryCapture(complete, nothing)],
    ['parallel', () => Miou.parallel(echo, [])],
    ['drain', () => Miou.drain(Miou.orphans())],
  ]
  for (const [name, operation] of loops) {
    await Miou.run(function* () {
      const other = Miou.async(nothing)
      for (let i = 0; i < 65; i++) yield* operation()
      t.is(other.state, 'finished', name)
      yield* other
    }, alone)
  }
})

test('a shield that others run before is one already: a cancel that comes meanwhile is thrown at its end', async (t) => {
  const log: string[] = []
  await Miou.run(
    function* () {
      const child = Miou.async(function* () {
        yield* Miou.Mutex.lock(Miou.Mutex.create())
        yield* Miou.shield(function* () {
          yield* Unix.sleep(1)
          log.push('in the shield')
        })
        log.push('not reached')
      })
      yield* Miou.yield()
      log.push('cancel')
      yield* Miou.cancel(child)
    },
    { domains: 0, quanta: 1 },
  )
  t.deepEqual(log, ['cancel', 'in the shield'])
})

test('runnable tasks are served first in, first out', async (t) => {
  const log: number[] = []
  await Miou.run(function* () {
    const tasks = [0, 1, 2, 3].map((n) =>
      Miou.async(function* () {
        for (let i = 0; i < 3; i++) {
          log.push(n)
          yield* Miou.yield()
        }
      }),
    )
    yield* Miou.awaitAll(tasks)
  }, alone)
  t.deepEqual(log, [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3])
})

test('a long queue keeps neither timers nor promises nor sleepers waiting', async (t) => {
  await Miou.run(function* () {
    let on = true
    const busy = Array.from({ length: 2000 }, () =>
      Miou.async(function* () {
        while (on) yield* Miou.yield()
      }),
    )
    const seen: string[] = []
    const start = process.cpuUsage()
    setTimeout(() => seen.push('timer'), 1)
    setImmediate(() => seen.push('immediate'))
    Promise.resolve().then(() => seen.push('promise'))
    const sleeper = Miou.async(function* () {
      yield* Unix.sleep(1)
      seen.push('sleeper')
    })
    yield* until(() => seen.length === 4)
    // Time of this process: others may keep it waiting for any time.
    const { user, system } = process.cpuUsage(start)
    t.true(user + system < 3_000_000)
    on = false
    yield* sleeper
    yield* Miou.awaitAll(busy)
  }, alone)
})

/* Outside of tasks. */

test('every function that needs a current task throws NotInTask outside of one', (t) => {
  const m = Miou.Mutex.create()
  const c = Miou.Condition.create()
  const resource = Miou.Ownership.create(1, () => {})
  const task = {} as Miou.Task<unknown>
  const all: [string, () => unknown][] = [
    ['async', () => Miou.async(never)],
    ['call', () => Miou.call(echo, [1])],
    ['parallel', () => Miou.parallel(echo, [1])],
    ['await', () => Miou.await(task)],
    ['awaitExn', () => Miou.awaitExn(task)],
    ['awaitAll', () => Miou.awaitAll([task])],
    ['awaitOne', () => Miou.awaitOne([task])],
    ['awaitFirst', () => Miou.awaitFirst([task])],
    ['cancel', () => Miou.cancel(task)],
    ['yield', () => Miou.yield()],
    ['shield', () => Miou.shield(never)],
    ['self', () => Miou.self()],
    ['care', () => Miou.care(Miou.orphans())],
    ['take', () => Miou.take(Miou.orphans())],
    ['get', () => Miou.get(Miou.orphans())],
    ['drain', () => Miou.drain(Miou.orphans())],
    ['own', () => Miou.Ownership.own(resource)],
    ['disown', () => Miou.Ownership.disown(resource)],
    ['check', () => Miou.Ownership.check(resource)],
    ['release', () => Miou.Ownership.release(resource)],
    ['transfer', () => Miou.Ownership.transfer(resource)],
    ['Mutex.lock', () => Miou.Mutex.lock(m)],
    ['Mutex.protect', () => Miou.Mutex.protect(m, never)],
    ['Condition.wait', () => Miou.Condition.wait(c, m)],
    ['syscall', () => Miou.syscall()],
    ['sleep', () => Unix.sleep(1)],
  ]
  for (const [name, call] of all) {
    const error = refuses(t, call, Miou.NotInTask, /needs a current task/)
    t.true(error.message.includes(name), error.message)
  }
})

// Each operation had an answer of its own, and one that lay unused held the last value that it had given.
test('operations that are used again keep no value alive that they gave', async (t) => {
  await Miou.run(function* () {
    const refs: WeakRef<object>[] = []
    /** As many tasks that wait at once as it is deep, and so as many operations. */
    function* nested(depth: number): Generator<Miou.Suspension, object> {
      const value = depth === 0 ? {} : [yield* Miou.async(() => nested(depth - 1))]
      refs.push(new WeakRef(value))
      return value
    }
    yield* Miou.async(function* () {
      yield* Miou.async(() => nested(20))
    })
    t.is(refs.length, 21)
    yield* promised(
      new Promise((resolve) => {
        setImmediate(resolve)
      }),
    )
    garbage()
    t.deepEqual(
      refs.filter((ref) => ref.deref() !== undefined),
      [],
    )
  }, alone)
})

test('what has passed through an operation, or a message, is kept alive by neither', async (t) => {
  const program = new Process(t, process.execPath, [built('dist-test/programs/last-values.js'), 'here'])
  const { code, stdout, stderr } = await program.ended
  t.deepEqual({ code, stdout, stderr }, { code: 0, stdout: '', stderr: '' })
})

// A read looped for ever and took all memory; an await was over before its task was.
for (const [what, wrong] of [
  ['yield', () => [...(Miou.yield() as unknown as Iterable<unknown>)]],
  ['await', () => [...(Miou.await(Miou.async(() => Miou.yield())) as unknown as Iterable<unknown>)]],
  [
    'awaitFirst',
    () => {
      const tasks = [1, 2].map(() => Miou.async(() => Miou.yield()))
      for (const _ of Miou.awaitFirst(tasks) as unknown as Iterable<unknown>);
    },
  ],
  ['sleep', () => [...(Unix.sleep(1) as unknown as Iterable<unknown>)]],
  [
    'accept',
    () => {
      const fd = Unix.tcpv4()
      try {
        for (const _ of Unix.accept(fd) as unknown as Iterable<unknown>);
      } finally {
        Unix.close(fd)
      }
    },
  ],
  ['shield', () => [...(Miou.shield(() => Miou.yield()) as unknown as Iterable<unknown>)]],
] as const) {
  test(`a loop or a spread over an operation is told of yield*, and ends no wait of its task: ${what}`, async (t) => {
    await Miou.run(
      function* () {
        const task = Miou.async(function* () {
          refuses(t, wrong, Miou.ForgottenYield, /is for yield\*, not for for\.\.of or a spread/)
          const start = performance.now()
          yield* Miou.shield(() => Unix.sleep(5))
          t.true(performance.now() - start >= 4)
          throw new Error('over')
        })
        t.like(yield* Miou.await(task), { error: { message: 'over' } })
      },
      { domains: 0 },
    )
  })
}
