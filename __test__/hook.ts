import * as Miou from 'miou'
import { domainOf } from './programs/numbers.js'
import { hooksThere, leavesHook, leftHook } from './programs/hooks.js'
import { afterEach, test } from './support/case.js'
import { logged } from './support/logged.js'
import { refuses } from './support/refusal.js'

const alone = { domains: 0 }
const hooks: Miou.Hook[] = []

/** Adds a hook that goes with its case. */
function add(fn: () => void): Miou.Hook {
  const hook = Miou.Hook.add(fn)
  hooks.push(hook)
  return hook
}

afterEach(() => {
  for (const hook of hooks.splice(0)) Miou.Hook.remove(hook)
})

test('M17: a hook runs before each slice of its domain: two yields of the only task, two calls at least', async (t) => {
  let calls = 0
  await Miou.run(function* () {
    add(() => calls++)
    yield* Miou.yield()
    yield* Miou.yield()
  }, alone)
  t.true(calls >= 2, `${calls}`)
})

test('a hook runs for the slices of every task, of every run on this domain', async (t) => {
  const slices: string[] = []
  add(() => slices.push('hook'))
  const run = (name: string): Promise<void> =>
    Miou.run(function* () {
      const child = Miou.async(function* () {
        slices.push(`child of ${name}`)
      })
      slices.push(name)
      yield* child
    }, alone)
  await Promise.all([run('a'), run('b')])
  for (const [at, slice] of slices.entries()) if (slice !== 'hook') t.is(slices[at - 1], 'hook')
  t.is(slices.filter((slice) => slice !== 'hook').length, 4)
})

test('hooks run newest first', async (t) => {
  const order: number[] = []
  add(() => order.push(1))
  add(() => order.push(2))
  await Miou.run(() => Miou.yield(), alone)
  t.deepEqual(order.slice(0, 2), [2, 1])
})

test('a hook that is removed runs no more; removing is idempotent', async (t) => {
  let calls = 0
  const hook = add(() => calls++)
  await Miou.run(function* () {
    yield* Miou.yield()
    Miou.Hook.remove(hook)
    Miou.Hook.remove(hook)
    const before = calls
    yield* Miou.yield()
    yield* Miou.yield()
    t.is(calls, before)
  }, alone)
})

test('a hook may remove itself and add others while hooks run', async (t) => {
  const order: string[] = []
  const first = add(() => {
    order.push('first')
    Miou.Hook.remove(first)
    add(() => order.push('second'))
  })
  await Miou.run(function* () {
    yield* Miou.yield()
    yield* Miou.yield()
  }, alone)
  t.is(order[0], 'first')
  t.is(order.filter((name) => name === 'first').length, 1)
  t.true(order.includes('second'))
})

test('a hook that throws is logged and removed, and the others run', async (t) => {
  let others = 0
  add(() => others++)
  let thrown = 0
  add(() => {
    thrown++
    throw new Error('a hook of ours')
  })
  const log = await logged(() =>
    Miou.run(function* () {
      yield* Miou.yield()
      yield* Miou.yield()
    }, alone),
  )
  t.regex(log, /a hook of ours/)
  t.is(thrown, 1)
  t.true(others >= 2)
})

test('a hook is outside of tasks: operations throw NotInTask there, plain functions that need no task work', async (t) => {
  const m = Miou.Mutex.create()
  const seen: unknown[] = []
  const hook = add(() => {
    Miou.Hook.remove(hook)
    for (const needs of [
      Miou.yield,
      Miou.self,
      Miou.syscall,
      () => Miou.Mutex.lock(m),
      () => Miou.async(function* () {}),
    ]) {
      refuses(t, needs as () => unknown, Miou.NotInTask)
    }
    seen.push(Miou.Mutex.tryLock(m))
    Miou.Mutex.unlock(m)
  })
  await Miou.run(() => Miou.yield(), alone)
  t.deepEqual(seen, [true])
})

test('each domain has hooks of its own', async (t) => {
  let here = 0
  add(() => here++)
  await Miou.run(
    function* () {
      t.true((yield* Miou.call(hooksThere, [])) >= 2)
      const before = here
      const busy = Miou.call(domainOf, [])
      yield* busy
      t.true(here - before < 10)
    },
    { domains: 1 },
  )
})

test('a hook that a task adds ends with its run, on domains that stay warm too', async (t) => {
  const one = { domains: 1 }
  let here = 0
  await Miou.run(function* () {
    add(() => here++)
    t.true((yield* Miou.call(leavesHook, [])) > 0)
  }, one)
  const before = here
  t.true(before > 0)
  await Miou.run(function* () {
    t.is(yield* Miou.call(leftHook, []), 0)
  }, one)
  t.is(here, before)
})

test('what is no hook is refused with a sentence', (t) => {
  for (const wrong of [undefined, null, 1, {}]) {
    refuses(t, () => Miou.Hook.add(wrong as never), Miou.InvalidArgument, /function/)
    refuses(t, () => Miou.Hook.remove(wrong as never), Miou.InvalidArgument, /Hook\.add/)
  }
})
