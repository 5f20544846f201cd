import { setTimeout as later } from 'node:timers/promises'
import * as Miou from 'miou'
import { until } from 'miou/node'
import * as Unix from 'miou/unix'
import { test } from '../support/case.js'
import { onOneDomain, settle, throwsIn } from '../support/loopback.js'
import { isError, refuses } from '../support/refusal.js'

onOneDomain('until gives what a promise is settled with', function* (t) {
  t.is(yield* until(Promise.resolve(42)), 42)
  t.is(yield* until(later(2, 'later')), 'later')
  const error = yield* throwsIn(t, () => until(Promise.reject(new RangeError('no'))), RangeError)
  t.is(error.message, 'no')
  // biome-ignore lint/suspicious/noThenProperty: any thenable counts
  const thenable: PromiseLike<number> = { then: (resolve) => Promise.resolve(7).then(resolve) }
  t.is(yield* until(thenable), 7)
})

onOneDomain('a function is called when the wait begins, and what it throws is thrown', function* (t) {
  let signal: AbortSignal | undefined
  const value = yield* until((given) => {
    signal = given
    return Promise.resolve('called')
  })
  t.is(value, 'called')
  t.false(signal!.aborted)
  const fails = (): PromiseLike<never> => {
    throw new RangeError('at once')
  }
  yield* throwsIn(t, () => until(fails), RangeError, /at once/)
  yield* throwsIn(t, () => until((() => 3) as never), Miou.InvalidArgument, /returns a promise/)
})

onOneDomain('others run while it waits', function* (t) {
  let count = 0
  const other = Miou.async(function* () {
    for (;;) {
      count++
      yield* Miou.yield()
    }
  })
  yield* until(later(5))
  t.true(count > 1)
  yield* Miou.cancel(other)
})

onOneDomain(
  'cancelling aborts the signal with the reason, at whatever moment, and nothing is left unhandled',
  function* (t) {
    for (let moment = 0; moment < 5; moment++) {
      let signal: AbortSignal | undefined
      const waiting = Miou.async(() =>
        until((given) => {
          signal = given
          return later(1000, undefined, { signal: given })
        }),
      )
      for (let i = 0; i < moment; i++) yield* Miou.yield()
      yield* Miou.cancel(waiting)
      if (signal !== undefined) {
        t.true(signal.aborted)
        t.true(signal.reason instanceof Miou.Cancelled)
      } else t.is(moment, 0)
    }
    // A promise that is rejected though nobody waits for it any more.
    let reject: (error: Error) => void = () => {}
    const given = new Promise<void>((_, no) => {
      reject = no
    })
    const waiting = Miou.async(() => until(given))
    yield* settle()
    yield* Miou.cancel(waiting)
    reject(new Error('nobody hears this'))
    yield* until(later(1))
  },
)

onOneDomain('a promise that was settled before its task was cancelled aborts nothing', function* (t) {
  let signal: AbortSignal | undefined
  const waiting = Miou.async(() =>
    until((given) => {
      signal = given
      return Promise.resolve()
    }),
  )
  yield* Miou.yield()
  yield* Unix.sleep(1)
  yield* Miou.await(waiting)
  t.false(signal!.aborted)
})

onOneDomain('those who listen to its signal are outside of tasks, whoever cancels', function* (t) {
  let error: unknown
  const waiting = Miou.async(() =>
    until((signal) => {
      signal.addEventListener('abort', () => {
        try {
          Miou.self()
        } catch (thrown) {
          error = thrown
        }
      })
      return new Promise(() => {})
    }),
  )
  yield* Miou.yield()
  yield* Miou.cancel(waiting)
  isError(t, error, Miou.NotInTask)
  t.is(Miou.self().id, 1)
})

onOneDomain('what settles twice, though no promise may, wakes its task once', function* (t) {
  let again = () => {}
  const twice = {
    // biome-ignore lint/suspicious/noThenProperty: it is about one that is none of the language's
    then(resolve: (value: string) => void) {
      resolve('first')
      again = () => resolve('second')
    },
  } as PromiseLike<string>
  t.is(yield* until(() => twice), 'first')
  const nested = {
    // biome-ignore lint/suspicious/noThenProperty: it is about one that is none of the language's
    then: (resolve: (value: unknown) => void) => resolve(twice),
  } as PromiseLike<string>
  t.is(yield* until(nested), 'first', 'as await would')
  const before = performance.now()
  setImmediate(() => again())
  yield* Unix.sleep(20)
  t.true(performance.now() - before >= 20)
})

onOneDomain('it takes a promise, or a function', function* (t) {
  for (const what of [undefined, null, 3, {}, [], 'text']) {
    refuses(t, () => until(what as never), Miou.InvalidArgument, /takes a promise/)
  }
})

test('outside of a task it is NotInTask', (t) => {
  refuses(t, () => until(Promise.resolve()), Miou.NotInTask)
})

onOneDomain('without its star it is an error where the next operation is made', function* (t) {
  until(Promise.resolve(1))
  refuses(t, () => Unix.sleep(1), Miou.ForgottenYield, /until/)
})
