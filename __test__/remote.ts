import { inspect } from 'node:util'
import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import type { TaskRecord } from '../dist/task.js'
import { holdsUp } from './programs/moving.js'
import { echo, hang } from './programs/numbers.js'
import { heldResource, transfersBack } from './programs/resources.js'
import { sleeps } from './programs/sleeping.js'
import { descends } from './programs/unwinding.js'
import { returns } from './programs/values.js'
import { test } from './support/case.js'
import { logged } from './support/logged.js'
import { isError } from './support/refusal.js'
import { reaches, words } from './support/waiting.js'

const odd: [string, unknown][] = [
  ['that has no text', Object.create(null, { f: { value: () => {}, enumerable: true } })],
  ['that is a symbol', Symbol('odd')],
  ['that is a function', () => {}],
  [
    'that can not be shown',
    {
      f() {},
      [inspect.custom]() {
        throw new Error('it can not')
      },
    },
  ],
]

for (const [what, thrown] of odd) {
  test(`children on other domains are cancelled for a reason ${what}`, async (t) => {
    await Miou.run(
      function* () {
        const parent = Miou.async(function* () {
          Miou.call(sleeps, [])
          Miou.call(sleeps, [])
          yield* Unix.sleep(5)
          throw thrown
        })
        const result = yield* Miou.await(parent)
        t.true(!result.ok && result.error === thrown)
      },
      { domains: 1 },
    )
  })
}

test('a result that can not be read, for a reason that can not cross either, is the error of its task', async (t) => {
  await Miou.run(
    function* () {
      for (const what of ['unreadable', 'unreadable error']) {
        const task = Miou.call(returns, [what])
        const result = yield* Miou.await(task)
        isError(t, result.ok || result.error, Miou.InvalidArgument, /reading it threw/)
        t.is(yield* Miou.call(echo, [1], { pin: task.domain }), 1, 'the domain goes on')
      }
    },
    { domains: 1 },
  )
})

test('a getter in a result, which is read when its task is over, spawns nothing there', async (t) => {
  await Miou.run(
    function* () {
      const result = yield* Miou.await(Miou.call(returns, ['spawning']))
      isError(t, result.ok || result.error, Miou.NotInTask, /async/)
    },
    { domains: 1 },
  )
})

test('what can not be shown is logged as far as it can', async (t) => {
  const unseen = {
    [inspect.custom]() {
      throw new Error('it can not')
    },
  }
  const log = await logged(() =>
    Miou.run(
      function* () {
        const hook = Miou.Hook.add(() => {
          throw unseen
        })
        yield* Miou.yield()
        Miou.Hook.remove(hook)
      },
      { domains: 0 },
    ),
  )
  t.regex(log, /a hook threw and was removed: \{/)
})

test('a task tree may be as deep and as wide as it likes, on every domain', async (t) => {
  const shared = words(1)
  await Miou.run(
    function* () {
      const there = Miou.call(descends, [shared, 5000])
      const here = Miou.async(() => descends(shared, 5000))
      yield* reaches(shared, 0, 2)
      const text = yield* Miou.tree()
      // A domain on a busy machine may be silent for too long.
      if (!text.includes('busy')) t.true(text.split('\n').length > 10_000)
      t.true(text.split('\n').length > 5000)
      yield* Miou.cancel(there)
      yield* Miou.cancel(here)
    },
    { domains: 1 },
  )
})

test('an answer to a task tree comes to nobody where its task was cancelled: it ends no other wait of that', async (t) => {
  const shared = words(2)
  await Miou.run(
    function* () {
      const busy = Miou.call(holdsUp, [shared])
      yield* reaches(shared, 0)
      let signaled = false
      const asking = Miou.async(function* () {
        try {
          yield* Miou.tree()
        } finally {
          yield* Miou.shield(function* () {
            const syscall = Miou.syscall()
            const later = Miou.async(function* () {
              yield* Unix.sleep(150)
              signaled = true
              Miou.signal(syscall)
            })
            yield* Miou.suspend(syscall)
            t.true(signaled)
            yield* later
          })
        }
      })
      yield* Miou.yield()
      yield* Miou.cancel(asking)
      t.true(signaled)
      Atomics.store(shared, 1, 1)
      yield* busy
    },
    { domains: 1 },
  )
})

for (const power of [31, 32, 40]) {
  test(`a run that has had 2 ** ${power} tasks goes on as before`, async (t) => {
    await Miou.run(
      function* () {
        const server = Miou.call(hang, [])
        const { run } = Miou.self() as unknown as TaskRecord
        // What the ids are counted by; a block of them is taken at a time.
        Atomics.store(run.ids, 0, 2n ** BigInt(power) - 1500n)
        const collector = Miou.orphans<number>()
        for (let i = 0; i < 3000; i++) Miou.async(() => echo(i), { orphans: collector })
        const late = Miou.call(echo<string>, ['late'])
        t.true(late.id > 2 ** power)
        yield* Miou.yield()
        for (let i = 2999; i > 2000; i--) t.is(yield* Miou.care(collector)!, i, 'the newest first')
        yield* Miou.drain(collector)
        t.is(yield* late, 'late')
        const cancelled = Miou.call(hang, [])
        yield* Miou.cancel(cancelled)
        t.is(cancelled.state, 'exited')
        const words = new Int32Array(new SharedArrayBuffer(16))
        const resource = heldResource(words)
        Miou.Ownership.own(resource)
        t.is(yield* Miou.call(transfersBack, [resource], { give: [resource] }), resource)
        Miou.Ownership.release(resource)
        t.is(words[0], 1)
        t.regex(yield* Miou.tree(), /main[\s\S]*hang/)
        t.is(server.state, 'running')
        yield* Miou.cancel(server)
      },
      { domains: 1 },
    )
  })
}
