import * as Miou from 'miou'
import { echo } from './programs/numbers.js'
import { takesResource, transfersBack, transfersFrom } from './programs/resources.js'
import { heldResource, leaksResource } from './programs/resources.js'
import { test } from './support/case.js'
import { isError, refuses, rejects } from './support/refusal.js'
import { never, reaches, until, words } from './support/waiting.js'

const alone = { domains: 0 }
const three = { domains: 3 }
const { Ownership } = Miou

function* failing(log: string[], names: string[]): Generator<Miou.Suspension, void> {
  for (const name of names) Ownership.own(Ownership.create(name, (value) => log.push(value)))
  yield* Miou.yield()
  throw new Error('failing')
}

test('a resource is a value, owned by nobody until it is owned', async (t) => {
  const value = { a: 1 }
  const resource = Ownership.create(value, () => t.fail())
  t.is(resource.value, value)
  t.true(resource instanceof Miou.Resource)
  await Miou.run(function* () {
    refuses(t, () => Ownership.check(resource), Miou.NotOwner, /nobody/)
    Ownership.own(resource)
    Ownership.check(resource)
    Ownership.disown(resource)
    refuses(t, () => Ownership.check(resource), Miou.NotOwner)
    Ownership.own(resource)
    Ownership.disown(resource)
  }, alone)
})

test('the order of an end: finally blocks, finalisers newest first, children, the waiter', async (t) => {
  const log: string[] = []
  await Miou.run(function* () {
    const child = Miou.async(function* () {
      Miou.async(function* () {
        try {
          yield* never()
        } finally {
          log.push('child')
        }
      })
      yield* Miou.yield()
      try {
        yield* failing(log, ['older', 'newer'])
      } finally {
        log.push('finally')
      }
    })
    yield* Miou.await(child)
    log.push('waiter')
  }, alone)
  t.deepEqual(log, ['finally', 'newer', 'older', 'child', 'waiter'])
})

test('a cancelled task has everything finalised before cancel returns', async (t) => {
  const log: string[] = []
  await Miou.run(function* () {
    const child = Miou.async(function* () {
      Ownership.own(Ownership.create('a', (value) => log.push(value)))
      yield* never()
    })
    yield* Miou.yield()
    yield* Miou.cancel(child)
    t.deepEqual(log, ['a'])
  }, alone)
})

test('release finalises at once and lets go, also where the finaliser throws: it never runs twice', async (t) => {
  let finalised = 0
  await Miou.run(function* () {
    const child = Miou.async(function* () {
      const good = Ownership.create(1, () => finalised++)
      Ownership.own(good)
      Ownership.release(good)
      t.is(finalised, 1)
      refuses(t, () => Ownership.release(good), Miou.NotOwner)
      const bad = Ownership.create(1, () => {
        finalised++
        throw new Error('finaliser')
      })
      Ownership.own(bad)
      refuses(t, () => Ownership.release(bad), Error, /finaliser/)
      refuses(t, () => Ownership.check(bad), Miou.NotOwner)
      throw new Error('over')
    })
    yield* Miou.await(child)
  }, alone)
  t.is(finalised, 2)
})

test('while a finaliser runs its owner is the current task: plain functions work, an operation throws NotInTask', async (t) => {
  const seen: unknown[] = []
  await Miou.run(function* () {
    const m = Miou.Mutex.create()
    const c = Miou.Condition.create()
    const child: Miou.Task<void> = Miou.async(function* () {
      const finalise = (): void => {
        seen.push(Miou.self() === child, Miou.Domain.self())
        Miou.Condition.signal(c)
        seen.push(Miou.Mutex.tryLock(m))
        Miou.Mutex.unlock(m)
        const inner = Ownership.create(2, () => seen.push('inner'))
        Ownership.own(inner)
        Ownership.release(inner)
        for (const operation of [
          Miou.yield,
          () => Miou.Mutex.lock(m),
          () => Miou.shield(never),
          () => Miou.get(Miou.orphans()),
        ]) {
          refuses(t, operation, Miou.NotInTask, /finaliser/)
        }
        seen.push('end')
      }
      const resource = Ownership.create(1, finalise)
      Ownership.own(resource)
      Ownership.release(resource)
      yield* Miou.yield()
      Ownership.own(resource)
      throw new Error('over')
    })
    yield* Miou.await(child)
  }, alone)
  const once = [true, 0, true, 'inner', 'end']
  t.deepEqual(seen, [...once, ...once])
})

test('what a finaliser owns or spawns is finalised and cancelled too', async (t) => {
  const log: string[] = []
  await Miou.run(function* () {
    const child = Miou.async(function* () {
      const finalise = (): void => {
        log.push('first')
        Ownership.own(Ownership.create(2, () => log.push('second')))
        Miou.async(() => log.push('never') as never)
      }
      Ownership.own(Ownership.create(1, finalise))
      throw new Error('over')
    })
    yield* Miou.await(child)
  }, alone)
  t.deepEqual(log, ['first', 'second'])
})

test('transfer hands a resource to the parent, as its newest', async (t) => {
  const log: string[] = []
  await Miou.run(function* () {
    const parent = Miou.async(function* () {
      Ownership.own(Ownership.create('own', (value) => log.push(value)))
      const child = Miou.async(function* () {
        const resource = Ownership.create('transferred', (value) => log.push(value))
        Ownership.own(resource)
        yield* Ownership.transfer(resource)
        refuses(t, () => Ownership.check(resource), Miou.NotOwner)
        return resource
      })
      Ownership.check(yield* child)
      throw new Error('over')
    })
    yield* Miou.await(parent)
  }, alone)
  t.deepEqual(log, ['transferred', 'own'])
})

test('what is transferred to a parent whose finalisers have run is finalised at once', async (t) => {
  const log: string[] = []
  await Miou.run(function* () {
    const parent = Miou.async(function* () {
      Miou.async(function* () {
        const resource = Ownership.create(1, () => log.push('finalised'))
        Ownership.own(resource)
        try {
          yield* never()
        } finally {
          log.push('transfer')
          yield* Miou.shield(() => Ownership.transfer(resource))
          log.push('transferred')
        }
      })
      yield* Miou.yield()
      throw new Error('parent')
    })
    yield* Miou.await(parent)
  }, alone)
  t.deepEqual(log, ['transfer', 'finalised', 'transferred'])
})

test('a resource crosses by give and comes back by transfer, where its value crosses and its finaliser is portable', async (t) => {
  const shared = words(2)
  await Miou.run(function* () {
    const given = heldResource(shared)
    Ownership.own(given)
    const child = Miou.call(takesResource, [], { give: [given] })
    refuses(t, () => Ownership.check(given), Miou.NotOwner)
    const result = yield* Miou.await(child)
    isError(t, result.ok || result.error, Error, /taken/)
    t.is(shared[0], 1, 'finalised there')
    const back = heldResource(shared)
    Ownership.own(back)
    const parent = Miou.async(
      function* () {
        const owned = yield* Miou.call(transfersBack, [back], { give: [back] })
        t.is(shared[0], 1)
        Ownership.check(owned)
        Ownership.release(owned)
      },
      { give: [back] },
    )
    yield* parent
    t.is(shared[0], 2)
  }, three)
})

test('what a called task transfers to its parent is the parent’s, and is finalised there when the parent fails', async (t) => {
  const shared = words(2)
  await Miou.run(function* () {
    const parent = Miou.async(function* () {
      yield* Miou.call(transfersFrom, [shared])
      t.is(shared[0], 0)
      throw new Error('parent')
    })
    yield* Miou.await(parent)
    t.is(shared[0], 1)
  }, three)
})

test('a leak on another domain ends the run, after the finaliser has run', async (t) => {
  const shared = words(1)
  await rejects(
    t,
    Miou.run(() => Miou.call(leaksResource, [shared]), three),
    Miou.ResourceLeaked,
    /domain [1-9]/,
  )
  t.is(shared[0], 1)
})

test('a resource that can not cross is refused at the call, and stays with its owner', async (t) => {
  await Miou.run(function* () {
    const home = Ownership.create(1, () => {})
    Ownership.own(home)
    refuses(t, () => Miou.call(echo, [1], { give: [home] }), Miou.InvalidArgument, /portable/)
    refuses(t, () => Miou.call(echo, [home]), Miou.InvalidArgument, /owned crosses by give/)
    Ownership.check(home)
    Ownership.disown(home)
    refuses(t, () => Miou.call(echo, [home]), Miou.InvalidArgument, /portable/)
    const shared = words(1)
    const wrong = Ownership.create(
      { shared, fn: () => 1 },
      (heldResource(shared) as unknown as { finaliser: () => void }).finaliser,
    )
    refuses(t, () => Miou.call(echo, [1], { give: [wrong] }), Miou.InvalidArgument, /function/)
    yield* Miou.yield()
  }, three)
})

test('a thousand resources are finalised in order, and let go in any order', async (t) => {
  const log: number[] = []
  await Miou.run(function* () {
    const child = Miou.async(function* () {
      const all = Array.from({ length: 1000 }, (_, n) => Ownership.create(n, (value) => log.push(value)))
      for (const resource of all) Ownership.own(resource)
      for (let n = 0; n < 1000; n += 3) Ownership.disown(all[n]!)
      throw new Error('over')
    })
    yield* Miou.await(child)
  }, alone)
  const expected = Array.from({ length: 1000 }, (_, n) => n).filter((n) => n % 3)
  t.deepEqual(log, expected.reverse())
})

test('what is no resource, and what is no finaliser, is refused with a sentence', async (t) => {
  refuses(t, () => Ownership.create(1, undefined as never), Miou.InvalidArgument, /finalises/)
  await Miou.run(function* () {
    yield* until(() => true)
    for (const wrong of [undefined, null, 1, {}]) {
      for (const what of [Ownership.own, Ownership.disown, Ownership.check, Ownership.release, Ownership.transfer]) {
        refuses(t, () => what(wrong as never), Miou.InvalidArgument, /Ownership\.create/)
      }
    }
  }, alone)
})

test('a fatal error finalises what other tasks own, on every domain', async (t) => {
  const shared = words(2)
  let finalised = 0
  const run = Miou.run(function* () {
    Miou.async(function* () {
      Ownership.own(Ownership.create(1, () => finalised++))
      yield* never()
    })
    Miou.call(takesResource, [shared], { give: [heldResource(shared)] })
    yield* reaches(shared, 1)
  }, three)
  await rejects(t, run, Miou.StillHasChildren)
  t.is(finalised, 1)
  t.is(shared[0], 1)
})

test('a resource that went to another domain is not given again: it would be finalised on both', async (t) => {
  const shared = words(2)
  await Miou.run(function* () {
    const resource = heldResource(shared)
    const holder = Miou.call(takesResource, [shared], { give: [resource] })
    yield* reaches(shared, 1)
    for (const give of [
      () => Miou.async(never, { give: [resource] }),
      () => Miou.timeout(1, never, { give: [resource] }),
      () => Miou.call(takesResource, [], { give: [resource] }),
    ]) {
      refuses(t, give, Miou.InvalidArgument, /went to another domain/)
    }
    yield* Miou.cancel(holder)
    t.is(shared[0], 1)
  }, three)
})

test('ResourceLeaked names five resources at the most, and how many more there are', async (t) => {
  const run = Miou.run(function* () {
    for (let i = 0; i < 12; i++) Ownership.own(Ownership.create({ i }, () => {}))
  }, alone)
  const { message } = await rejects(t, run, Miou.ResourceLeaked, /an object.* and 7 more: release/)
  t.is(message.split('an object').length, 6)
})
