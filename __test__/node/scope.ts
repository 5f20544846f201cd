import * as Miou from 'miou'
import { scope, until } from 'miou/node'
import * as Unix from 'miou/unix'
import { domainOf, fail } from '../programs/numbers.js'
import { test } from '../support/case.js'
import { onOneDomain, settle, throwsIn } from '../support/loopback.js'
import { isError, refuses, rejects } from '../support/refusal.js'

/** Calls back from outside of tasks. */
const soon = <T>(callback: () => Promise<T>): Promise<T> =>
  new Promise((resolve) => setImmediate(() => resolve(callback())))

onOneDomain('a scope starts tasks from callbacks, as children of the task that made it', function* (t) {
  const requests = scope()
  const main = Miou.self()
  const result = soon(() =>
    requests.run(
      function* () {
        yield* Unix.sleep(1)
        return Miou.self().id
      },
      { name: 'request' },
    ),
  )
  t.true((yield* until(result)) > main.id)
  yield* throwsIn(t, () => until(soon(() => requests.run(() => fail('in a request')))), Error, /in a request/)
  yield* requests.close()
})

test('on other domains too', async (t) => {
  await Miou.run(
    function* () {
      const requests = scope()
      t.not(yield* until(soon(() => requests.call(domainOf, []))), 0)
      yield* throwsIn(t, () => until(soon(() => requests.call(fail, ['far away']))), Error, /far away/)
      const wrong = soon(() => requests.call((() => {}) as never, []))
      yield* throwsIn(t, () => until(wrong), Miou.InvalidArgument, /portable/)
      yield* requests.close()
    },
    { domains: 1 },
  )
})

onOneDomain('close waits for those that run, and starts no more', function* (t) {
  const requests = scope()
  const log: string[] = []
  const sleeping = [3, 1, 2].map((ms) =>
    requests.run(function* () {
      yield* Unix.sleep(ms * 3)
      log.push(`slept ${ms}`)
    }),
  )
  const closing = Miou.async(function* () {
    refuses(t, () => requests.close(), Miou.InvalidArgument, /made the scope/)
  })
  yield* closing
  yield* requests.close()
  t.deepEqual(log.sort(), ['slept 1', 'slept 2', 'slept 3'])
  yield* until(Promise.all(sleeping))
  yield* throwsIn(t, () => until(requests.run(function* () {})), Miou.InvalidArgument, /closed/)
  yield* requests.close()
})

onOneDomain('a scope that is never used, or never closed while nothing runs, is nothing to clean up', function* (t) {
  scope()
  const requests = scope()
  yield* until(requests.run(function* () {}))
  t.pass()
})

test('one that is left when its task returns counts as any child', async (t) => {
  let left: Promise<unknown> | undefined
  const run = Miou.run(
    function* () {
      left = scope().run(() => Unix.sleep(10_000), { name: 'left' })
      left.catch(() => {})
      yield* Miou.yield()
    },
    { domains: 0 },
  )
  await rejects(t, run, Miou.StillHasChildren, /left/)
  await rejects(t, left!, Miou.Cancelled)
})

onOneDomain(
  'where its task fails or is cancelled, what it has started is cancelled, and every promise hears of it',
  function* (t) {
    for (const how of ['fails', 'is cancelled']) {
      const promises: Promise<unknown>[] = []
      const unwound: string[] = []
      const task = Miou.async(function* () {
        const requests = scope()
        for (const name of ['a', 'b']) {
          promises.push(
            requests.run(function* () {
              try {
                yield* Miou.suspend(Miou.syscall('never'))
              } finally {
                unwound.push(name)
              }
            }),
          )
        }
        yield* settle()
        if (how === 'fails') throw new Error('the task of the scope')
        yield* Miou.suspend(Miou.syscall('never'))
      })
      for (const promise of promises) promise.catch(() => {})
      yield* settle()
      yield* settle()
      if (how === 'fails') yield* Miou.await(task)
      else yield* Miou.cancel(task)
      t.deepEqual(unwound, ['b', 'a'])
      for (const promise of promises) yield* throwsIn(t, () => until(promise), Miou.Cancelled)
    }
  },
)

onOneDomain('after the end of its task a scope starts nothing', function* (t) {
  const requests = yield* Miou.async(function* () {
    return scope()
  })
  yield* throwsIn(t, () => until(requests.run(function* () {})), Miou.InvalidArgument, /closed/)
})

onOneDomain('resources may be given, a collector may not', function* (t) {
  const requests = scope()
  let finalised = 0
  const resource = Miou.Ownership.create('given', () => finalised++)
  Miou.Ownership.own(resource)
  const given = requests.run(
    function* () {
      Miou.Ownership.release(resource)
    },
    { give: [resource] },
  )
  yield* until(given)
  t.is(finalised, 1)
  const refused = requests.run(function* () {}, { orphans: Miou.orphans() })
  yield* throwsIn(t, () => until(refused), Miou.InvalidArgument, /collector/)
  yield* throwsIn(t, () => until(requests.run(3 as never)), Miou.InvalidArgument)
  yield* requests.close()
})

onOneDomain('a thousand requests at once are all answered', function* (t) {
  const requests = scope()
  const answers = Array.from({ length: 1000 }, (_, i) =>
    requests.run(function* () {
      yield* Unix.sleep(i % 5)
      return i
    }),
  )
  const sum = (yield* until(Promise.all(answers))).reduce((a, b) => a + b, 0)
  t.is(sum, 499_500)
  yield* requests.close()
})

test('outside of a task it is NotInTask', (t) => {
  refuses(t, () => scope(), Miou.NotInTask)
})

test('what a promise looks for in a result, a getter then, is called outside of tasks: it spawns nothing there', async (t) => {
  await Miou.run(
    function* () {
      const requests = scope()
      const promise = requests.run(function* () {
        return Object.defineProperty({}, 'then', { get: () => Miou.async(() => Miou.yield()) })
      })
      try {
        yield* until(promise)
        t.fail('it throws')
      } catch (error) {
        isError(t, error, Miou.NotInTask, /async/)
      }
      yield* requests.close()
    },
    { domains: 0 },
  )
})
