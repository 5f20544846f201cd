import * as Miou from 'miou'
import { callsAndThrows, spinTwice } from '../programs/families.js'
import { count, domainOf, echo, hang, spin, twoDomains } from '../programs/numbers.js'
import { test } from '../support/case.js'
import { isError, rejects } from '../support/refusal.js'
import { forever, reaches, words } from '../support/waiting.js'

const three = { domains: 3 }
const alone = { domains: 0 }

/* The rows of Miou's own core tests. */

test('C01: a parent goes on before the child that it has just spawned', async (t) => {
  const log: string[] = []
  await Miou.run(function* () {
    const child = Miou.async(function* () {
      log.push('Hello')
    })
    log.push('World')
    yield* child
  }, alone)
  t.deepEqual(log, ['World', 'Hello'])
})

test('C02: a child that main neither awaits nor cancels ends the run with StillHasChildren', async (t) => {
  const run = Miou.run(function* () {
    Miou.async(function* () {}, { name: 'left' })
  }, alone)
  await rejects(t, run, Miou.StillHasChildren, /main.*domain 0.*left/)
})

test('C03: a child may be awaited again, and gives the same value', async (t) => {
  await Miou.run(function* () {
    const value = {}
    const child = Miou.async(function* () {
      return value
    })
    t.is(yield* Miou.awaitExn(child), value)
    t.is(yield* Miou.awaitExn(child), value)
    t.is(yield* child, value)
  }, alone)
})

test('C04: a call returns undefined', async (t) => {
  t.is(await Miou.run(() => Miou.awaitExn(Miou.call(echo, [undefined])), three), undefined)
})

test('C06, B03: once cancelled, awaiting says Cancelled, whatever the child had returned', async (t) => {
  await Miou.run(function* () {
    for (const child of [Miou.async(() => echo(2)), Miou.call(echo, [2])]) {
      t.is(yield* Miou.awaitExn(child), 2)
      yield* Miou.cancel(child)
      const result = yield* Miou.await(child)
      t.false(result.ok)
      isError(t, result.ok || result.error, Miou.Cancelled)
      t.deepEqual(yield* Miou.await(child), result, 'the same each time')
    }
  }, three)
})

test('C07: a call that is cancelled at once is Cancelled, whether or not its body started', async (t) => {
  for (let i = 0; i < 20; i++) {
    await Miou.run(function* () {
      const child = Miou.call(echo, [1])
      yield* Miou.cancel(child)
      const result = yield* Miou.await(child)
      isError(t, result.ok || result.error, Miou.Cancelled)
    }, three)
  }
})

test('C08: a task that throws may forget its children', async (t) => {
  await Miou.run(function* () {
    const parent = Miou.async(function* () {
      Miou.async(forever)
      yield* Miou.yield()
      throw new Error('t08')
    })
    const result = yield* Miou.await(parent)
    isError(t, result.ok || result.error, Error, /^t08$/)
  }, alone)
})

test('C10: yield lets the child run that was just spawned', async (t) => {
  const log: string[] = []
  await Miou.run(function* () {
    const child = Miou.async(function* () {
      log.push('Hello')
    })
    yield* Miou.yield()
    log.push('World')
    yield* child
  }, alone)
  t.deepEqual(log, ['Hello', 'World'])
})

test('C12: only the parent may await: a sibling gets NotAChild, and where it lets it pass, so does the run', async (t) => {
  const run = Miou.run(function* () {
    const a = Miou.async(function* () {})
    const b = Miou.async(function* () {
      yield* Miou.awaitExn(a)
    })
    yield* a
    yield* b
  }, alone)
  await rejects(t, run, Miou.NotAChild, /await/)
})

test('C14: call without other domains throws NoDomainAvailable, in the caller', async (t) => {
  await rejects(
    t,
    Miou.run(() => Miou.call(echo, [0]), alone),
    Miou.NoDomainAvailable,
    /domains: /,
  )
})

test('C15: a task that returns its child unawaited ends the run with StillHasChildren', async (t) => {
  const run = Miou.run(function* () {
    const outer = Miou.async(function* () {
      return Miou.async(function* () {})
    })
    const inner = yield* outer
    yield* inner
  }, alone)
  await rejects(t, run, Miou.StillHasChildren)
})

test('C16, M03: a call within a call runs on a third domain, never on 0 (101 runs)', async (t) => {
  for (let i = 0; i < 101; i++) {
    const [inner, outer] = await Miou.run(() => Miou.awaitExn(Miou.call(twoDomains, [])), three)
    if (inner === outer || inner === 0 || outer === 0) t.fail(`${inner} ${outer}`)
  }
  t.pass()
})

test('C19: a call within a call needs two domains', async (t) => {
  const run = Miou.run(() => Miou.awaitExn(Miou.call(twoDomains, [])), { domains: 1 })
  await rejects(t, run, Miou.NoDomainAvailable)
})

test('C21: a task handle knows the domain of its task, which is never 0 for a call (101 runs)', async (t) => {
  for (let i = 0; i < 101; i++) {
    await Miou.run(function* () {
      const child = Miou.call(domainOf, [])
      const domain = yield* child
      if (domain !== child.domain || domain === 0) t.fail(`${domain} ${child.domain}`)
      t.true(Miou.Domain.all().includes(domain))
    }, three)
  }
})

test('C37: a resource that is disowned is not finalised', async (t) => {
  await Miou.run(function* () {
    const resource = Miou.Ownership.create(1, () => t.fail())
    Miou.Ownership.own(resource)
    Miou.Ownership.disown(resource)
  }, alone)
  t.pass()
})

test('C35: a task that throws has its resource finalised, once', async (t) => {
  let finalised = 0
  const run = Miou.run(function* () {
    const child = Miou.async(function* () {
      Miou.Ownership.own(Miou.Ownership.create('r', () => finalised++))
      throw new Error('p')
    })
    yield* child
  }, alone)
  await rejects(t, run, Error, /^p$/)
  t.is(finalised, 1)
})

test('C36: a task that returns while it owns ends the run with ResourceLeaked; the finaliser has run, once', async (t) => {
  let finalised = 0
  const run = Miou.run(function* () {
    const child = Miou.async(
      function* () {
        Miou.Ownership.own(Miou.Ownership.create('r', () => finalised++))
      },
      { name: 'leaky' },
    )
    yield* Miou.await(child)
    t.fail('no task survives it')
  }, alone)
  await rejects(t, run, Miou.ResourceLeaked, /leaky/)
  t.is(finalised, 1)
})

test('C39: a hook does not leave its domain: the call is refused before it starts', async (t) => {
  const shared = words(1)
  await Miou.run(function* () {
    const hook = Miou.Hook.add(() => {})
    try {
      Miou.call(count as (...args: unknown[]) => Miou.Operation<void>, [shared, 0, hook])
      t.fail()
    } catch (error) {
      isError(t, error, Miou.InvalidArgument, /function|hook/)
    } finally {
      Miou.Hook.remove(hook)
    }
    t.is(yield* Miou.call(echo, [1]), 1, 'the domain is as before')
  }, three)
  t.is(shared[0], 0)
})

test('C41: a collector belongs to the first task that uses it', async (t) => {
  const collector = Miou.orphans<void>()
  const run = Miou.run(function* () {
    const child = Miou.async(
      function* () {
        const inner = Miou.async(function* () {}, { orphans: collector })
        yield* inner
      },
      { orphans: collector },
    )
    yield* child
  }, alone)
  await rejects(t, run, Miou.InvalidArgument, /The given orphans is owned by another/)
})

/* Cancelling. */

test('C09: cancelling a remote task ends its children, however busy they are, and the run goes on', async (t) => {
  await Miou.run(function* () {
    yield* Miou.cancel(Miou.call(spinTwice, []))
  }, three)
  t.pass()
})

test('C20: a remote task that throws takes its own remote child with it, and nothing hangs', async (t) => {
  await Miou.run(function* () {
    const result = yield* Miou.await(Miou.call(callsAndThrows, []))
    isError(t, result.ok || result.error, Error, /^foo$/)
  }, three)
})

test('C34: a task that never waits for anything but its turn can be cancelled, on one other domain', async (t) => {
  await Miou.run(() => Miou.cancel(Miou.call(spin, [])), { domains: 1 })
  await Miou.run(() => Miou.cancel(Miou.call(hang, [])), { domains: 1 })
  t.pass()
})

/* Choices. */

test('C11, R05: awaitFirst has no fixed bias: either of two tasks wins in finite time, and never an error', async (t) => {
  for (const wanted of [0, 1]) {
    let value: number | undefined
    for (let seed = 0; seed < 10_000 && value !== wanted; seed++) {
      const result = await Miou.run(
        () => Miou.awaitFirst([Miou.call(echo<number>, [0]), Miou.call(echo<number>, [1])]),
        { domains: 3, seed },
      )
      t.true(result.ok)
      value = result.ok ? result.value : undefined
    }
    t.is(value, wanted)
    let local: number | undefined
    for (let seed = 0; seed < 10_000 && local !== wanted; seed++) {
      const result = await Miou.run(() => Miou.awaitFirst([Miou.async(() => echo(0)), Miou.async(() => echo(1))]), {
        domains: 0,
        seed,
      })
      local = result.ok ? result.value : undefined
    }
    t.is(local, wanted)
  }
})

test('M09: two calls one after the other come to the same domain some time: it is chosen, not taken in turn', async (t) => {
  await Miou.run(
    function* () {
      let same = false
      for (let i = 0; i < 10_000 && !same; i++) {
        const first = yield* Miou.call(domainOf, [])
        same = first === (yield* Miou.call(domainOf, []))
      }
      t.true(same)
    },
    { domains: 3, seed: 9 },
  )
})

/* Waking. */

test('C32: main waits for what code outside of every task signals: a timer, a promise', async (t) => {
  await Miou.run(function* () {
    const timer = Miou.syscall('timer')
    yield* Miou.suspend(timer, () => setTimeout(() => Miou.signal(timer), 5))
    const promise = Miou.syscall('promise')
    yield* Miou.suspend(promise, () => void Promise.resolve().then(() => Miou.signal(promise)))
  }, alone)
  t.pass()
})

test('a child that ends early waits for its parent: its result is kept', async (t) => {
  const shared = words(1)
  await Miou.run(function* () {
    const child = Miou.call(count, [shared, 0])
    yield* reaches(shared, 0)
    for (let i = 0; i < 10; i++) yield* Miou.yield()
    t.is(child.state === 'exited', false)
    yield* child
    t.is(child.state, 'finished')
  }, three)
})
