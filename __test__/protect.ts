import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { hang } from './programs/numbers.js'
import { test } from './support/case.js'
import { isError, refuses } from './support/refusal.js'
import { forever, never } from './support/waiting.js'

const alone = { domains: 0 }

/** Callbacks that log how they were called. */
function logging(log: string[]): Miou.ProtectCallbacks {
  return { finally: (cancelled) => log.push(`finally ${cancelled}`), onCancellation: () => log.push('onCancellation') }
}

test('X59: a body that returns has finally(false) called, and gives its value', async (t) => {
  await Miou.run(function* () {
    const log: string[] = []
    const value = yield* Miou.protect(logging(log), function* () {
      yield* Miou.yield()
      log.push('body')
      return 5
    })
    t.is(value, 5)
    t.deepEqual(log, ['body', 'finally false'])
  }, alone)
})

test('X59: a body that throws has finally(false) called, and its error passes', async (t) => {
  await Miou.run(function* () {
    const log: string[] = []
    try {
      yield* Miou.protect(logging(log), function* () {
        throw new Error('x59')
      })
    } catch (error) {
      isError(t, error, Error, /^x59$/)
      log.push('caught')
    }
    t.deepEqual(log, ['finally false', 'caught'])
  }, alone)
})

test('X59: a body that is cancelled has finally(true) called, then onCancellation', async (t) => {
  await Miou.run(function* () {
    const log: string[] = []
    const task = Miou.async(() => Miou.protect(logging(log), never))
    yield* Miou.yield()
    yield* Miou.cancel(task)
    t.deepEqual(log, ['finally true', 'onCancellation'])
    const result = yield* Miou.await(task)
    isError(t, result.ok || result.error, Miou.Cancelled)
  }, alone)
})

test('X59: what finally throws is FinallyRaised, and onCancellation is not called then', async (t) => {
  await Miou.run(function* () {
    const cause = new Error('cause')
    const raising = {
      finally: () => {
        throw cause
      },
      onCancellation: () => t.fail(),
    }
    for (const body of [
      function* (): Generator<Miou.Suspension, number> {
        return 1
      },
      function* (): Generator<Miou.Suspension, number> {
        throw new Error('lost')
      },
      function* (): Generator<Miou.Suspension, number> {
        const child = Miou.async(never)
        yield* Miou.cancel(child)
        yield* child
        return 1
      },
    ]) {
      try {
        yield* Miou.protect(raising, body)
        t.fail()
      } catch (error) {
        t.is(isError(t, error, Miou.FinallyRaised, /finally of protect threw: cause/).cause, cause)
      }
    }
  }, alone)
})

test('X59: what onCancellation throws is OnCancellationRaised', async (t) => {
  await Miou.run(function* () {
    const cause = new Error('cause')
    const child = Miou.async(never)
    yield* Miou.cancel(child)
    const log: boolean[] = []
    try {
      yield* Miou.protect(
        {
          finally: (cancelled) => log.push(cancelled),
          onCancellation: () => {
            throw cause
          },
        },
        () => child,
      )
      t.fail()
    } catch (error) {
      t.is(isError(t, error, Miou.OnCancellationRaised).cause, cause)
    }
    t.deepEqual(log, [true])
  }, alone)
})

test('X59: the result of a cancelled task stays Cancelled, what its callbacks throw is among the suppressed', async (t) => {
  await Miou.run(function* () {
    for (const [name, of] of [
      ['finally', Miou.FinallyRaised],
      ['onCancellation', Miou.OnCancellationRaised],
    ] as const) {
      const callbacks = {
        finally: () => {},
        [name]: () => {
          throw new Error(name)
        },
      }
      const task = Miou.async(() => Miou.protect(callbacks, never))
      yield* Miou.yield()
      yield* Miou.cancel(task)
      const result = yield* Miou.await(task)
      const cancelled = isError(t, result.ok || result.error, Miou.Cancelled)
      t.is(cancelled.suppressed.length, 1)
      isError<Error>(t, cancelled.suppressed[0], of)
    }
  }, alone)
})

test('X59: the error decides: the Cancelled of a child that the body awaits takes the branch of a cancellation', async (t) => {
  await Miou.run(
    function* () {
      for (const spawn of [() => Miou.async(never), () => Miou.call(hang, [])]) {
        const log: string[] = []
        const child = spawn()
        yield* Miou.cancel(child)
        try {
          yield* Miou.protect(logging(log), () => Miou.awaitExn(child))
          t.fail()
        } catch (error) {
          isError(t, error, Miou.Cancelled)
        }
        t.deepEqual(log, ['finally true', 'onCancellation'])
      }
    },
    { domains: 1 },
  )
})

test('the callbacks know their task, and can not perform operations', async (t) => {
  await Miou.run(function* () {
    const self = Miou.self()
    const task = Miou.async(function* () {
      const own = Miou.self()
      yield* Miou.protect(
        {
          finally: () => {
            t.is(Miou.self(), own)
            refuses(t, () => Unix.sleep(1), Miou.NotInTask, /plain function/)
          },
        },
        never,
      )
    })
    yield* Miou.yield()
    yield* Miou.cancel(task)
    yield* Miou.protect({ finally: () => t.is(Miou.self(), self) }, () => Miou.yield())
  }, alone)
})

test('finally is called also where a task swallows Cancelled until it is ended', async (t) => {
  await Miou.run(function* () {
    const log: string[] = []
    const task = Miou.async(() =>
      Miou.protect(logging(log), function* () {
        for (;;) {
          try {
            yield* forever()
          } catch {}
        }
      }),
    )
    yield* Miou.yield()
    yield* Miou.cancel(task)
    t.deepEqual(log, ['finally true', 'onCancellation'])
  }, alone)
})

test('wrong arguments of protect are refused', async (t) => {
  refuses(t, () => Miou.protect({ finally: () => {} }, never), Miou.NotInTask)
  await Miou.run(function* () {
    refuses(t, () => Miou.protect({} as never, never), Miou.InvalidArgument, /finally/)
    refuses(t, () => Miou.protect(undefined as never, never), Miou.InvalidArgument, /finally/)
    refuses(t, () => Miou.protect({ finally: () => {}, onCancellation: 1 as never }, never), Miou.InvalidArgument)
    refuses(t, () => Miou.protect({ finally: () => {} }, 1 as never), Miou.InvalidArgument, /function\*/)
  }, alone)
})
