import * as Miou from 'miou'
import { echo, fail } from './programs/numbers.js'
import { test } from './support/case.js'
import { isError, refuses } from './support/refusal.js'
import { never, until } from './support/waiting.js'

const alone = { domains: 0 }
const three = { domains: 3 }

test('yield* task is awaitExn: the value, or what the child threw, with the child’s own stack', async (t) => {
  await Miou.run(function* () {
    t.is(yield* Miou.async(() => echo(1)), 1)
    for (const task of [Miou.async(() => fail('thrown')), Miou.call(fail, ['thrown'])]) {
      try {
        yield* task
        t.fail()
      } catch (error) {
        t.regex(isError(t, error, Error, /^thrown$/).stack!, /fail/)
      }
    }
  }, three)
})

test('what is thrown need not be an error', async (t) => {
  await Miou.run(function* () {
    for (const value of [undefined, null, 0, 'text', { a: 1 }]) {
      const result = yield* Miou.await(
        Miou.async(function* () {
          throw value
        }),
      )
      t.deepEqual(result, { ok: false, error: value })
    }
  }, alone)
})

test('awaiting a child that has ended completes at once', async (t) => {
  await Miou.run(function* () {
    const child = Miou.async(() => echo(1))
    yield* until(() => child.state === 'finished')
    let others = 0
    const other = Miou.async(function* () {
      others++
    })
    t.is(yield* child, 1)
    t.is(others, 0)
    yield* other
  }, alone)
})

test('a child that was awaited is no longer owed, also where the waiter was cancelled meanwhile', async (t) => {
  await Miou.run(function* () {
    const waiter = Miou.async(function* () {
      const child = Miou.async(never)
      try {
        yield* child
      } finally {
        t.is(child.state, 'running')
      }
    })
    yield* Miou.yield()
    yield* Miou.yield()
    yield* Miou.cancel(waiter)
  }, alone)
})

test('a task handle is a plain value until it is used: it may be kept, passed on, looked at', async (t) => {
  await Miou.run(function* () {
    const child = Miou.async(() => echo(1))
    t.is(typeof child.id, 'number')
    t.is(child.domain, 0)
    t.is(child.state, 'running')
    yield* child
    t.is(child.state, 'finished')
    const failed = Miou.async(() => fail('x'))
    yield* Miou.await(failed)
    t.is(failed.state, 'exited')
  }, alone)
})

test('only the parent may await or cancel: not a grandparent, a child, a sibling or the task itself', async (t) => {
  await Miou.run(function* () {
    let grandchild: Miou.Task<void> | undefined
    const main = Miou.self()
    const child = Miou.async(function* () {
      for (const other of [main, Miou.self()]) {
        refuses(t, () => Miou.await(other), Miou.NotAChild)
        refuses(t, () => Miou.cancel(other), Miou.NotAChild)
      }
      grandchild = Miou.async(never)
      yield* until(() => grandchild === undefined)
      throw new Error('over')
    })
    yield* until(() => grandchild !== undefined)
    refuses(t, () => Miou.await(grandchild!), Miou.NotAChild, /only the task that spawned it/)
    refuses(t, () => Miou.cancel(grandchild!), Miou.NotAChild)
    refuses(t, () => Miou.awaitAll([grandchild!]), Miou.NotAChild)
    grandchild = undefined
    yield* Miou.await(child)
  }, alone)
})

test('what is no task is refused with a sentence', async (t) => {
  await Miou.run(function* () {
    yield* Miou.yield()
    for (const wrong of [undefined, null, 1, {}, Promise.resolve(), never()]) {
      for (const what of [Miou.await, Miou.awaitExn, Miou.cancel]) {
        refuses(t, () => what(wrong as never), Miou.InvalidArgument, /as async and call return it/)
      }
    }
  }, alone)
})

test('what is returned and thrown is the parent’s alone: a proxy is not looked at, also where nobody reads it', async (t) => {
  const revoked = (): object => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    return proxy
  }
  await Miou.run(function* () {
    const value = revoked()
    t.true((yield* Miou.async(() => echo(value))) === value)
    const failed = yield* Miou.await(
      Miou.async(function* () {
        throw value
      }),
    )
    t.true(!failed.ok && failed.error === value)
    const ended = Miou.async(() => echo([revoked(), new Map([[revoked(), { deep: revoked() }]])]))
    yield* Miou.yield()
    yield* Miou.cancel(ended)
    t.is(ended.state, 'finished')
  }, alone)
})
