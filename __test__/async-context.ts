import { AsyncLocalStorage } from 'node:async_hooks'
import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { storesHere, worksWithin } from './programs/contexts.js'
import { test } from './support/case.js'

const options = { domains: 0, asyncContext: true }

test('a task runs in the async context in which it was created, across its waits', async (t) => {
  const store = new AsyncLocalStorage<string>()
  await store.run('outside', () =>
    Miou.run(function* () {
      t.is(store.getStore(), 'outside')
      const tasks = ['a', 'b'].map((name) =>
        store.run(name, () =>
          Miou.async(function* () {
            for (let i = 0; i < 3; i++) {
              t.is(store.getStore(), name)
              yield* i % 2 ? Miou.yield() : Unix.sleep(1)
            }
            return yield* Miou.async(function* () {
              return store.getStore()
            })
          }),
        ),
      )
      t.is(yield* tasks[0]!, 'a')
      t.is(yield* tasks[1]!, 'b')
      t.is(store.getStore(), 'outside')
    }, options),
  )
})

test('so do its finalisers, and what suspend registers', async (t) => {
  const store = new AsyncLocalStorage<string>()
  const seen: unknown[] = []
  await Miou.run(function* () {
    const child = store.run('child', () =>
      Miou.async(function* () {
        Miou.Ownership.own(Miou.Ownership.create(1, () => seen.push(store.getStore())))
        const syscall = Miou.syscall()
        yield* Miou.suspend(syscall, () => {
          seen.push(store.getStore())
          setTimeout(() => {
            seen.push(store.getStore())
            Miou.signal(syscall)
          }, 1)
        })
        throw new Error('over')
      }),
    )
    yield* Miou.await(child)
  }, options)
  t.deepEqual(seen, ['child', 'child', 'child'])
})

test('a store that is entered in a task lasts there, and nowhere else', async (t) => {
  const store = new AsyncLocalStorage<string>()
  await Miou.run(function* () {
    const child = Miou.async(function* () {
      yield* Miou.yield()
      return store.getStore()
    })
    const outcome = store.run('within', () => store.getStore())
    t.is(outcome, 'within')
    t.is(yield* child, undefined)
  }, options)
})

test('a called task is in nobody’s context, whoever gives the scheduler there work', async (t) => {
  await Miou.run(
    function* () {
      const within = Miou.call(worksWithin, [50])
      const seen: unknown[] = []
      for (let i = 0; i < 50; i++) seen.push(...(yield* Miou.call(storesHere, [])))
      yield* within
      t.deepEqual(
        seen.filter((one) => one !== undefined),
        [],
      )
    },
    { ...options, domains: 1 },
  )
})
