import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import {
  callsAndDies,
  calledDeep,
  dies,
  holdsResource,
  opensAndDies,
  releasesAndDies,
  spawnsAndDies,
} from './programs/dying.js'
import { domainOf, echo, hang, lives } from './programs/numbers.js'
import { heldResource } from './programs/resources.js'
import { test } from './support/case.js'
import { isError, refuses, rejects } from './support/refusal.js'
import { never, reaches, words } from './support/waiting.js'

const two = { domains: 2 }
const three = { domains: 3 }

/** Lets a second pass, in which three deaths would end a run. */
function* apart(): Generator<Miou.Suspension, void> {
  yield* Unix.sleep(400)
}

for (const how of ['exit', 'uncaught', 'rejection'] as const) {
  test(`a domain that dies (${how}) ends its tasks with DomainDied, which their parents see as a result; a successor comes`, async (t) => {
    await Miou.run(function* () {
      const before = Miou.Domain.all()
      const pin = before[1]!
      const bystander = Miou.call(hang, [], { pin })
      const child = Miou.call(dies, [how], { pin })
      for (const task of [child, bystander]) {
        const result = yield* Miou.await(task)
        const error = isError(t, result.ok || result.error, Miou.DomainDied, /died/)
        t.is(error.code, 'ERR_MIOU_DOMAIN_DIED')
        if (how === 'uncaught') isError(t, error.cause, Error, /foreign/)
      }
      t.false(Miou.Domain.all().includes(pin))
      refuses(t, () => Miou.call(echo, [1], { pin }), Miou.InvalidArgument, /no domain/)
      t.is(yield* Miou.call(echo<number>, [1]), 1)
      while (Miou.Domain.all().length < 3) yield* Unix.sleep(5)
      t.not(yield* Miou.call(domainOf, []), pin)
      yield* apart()
    }, two)
  })
}

test('DomainDied counts the descriptors that were closed with the domain, and says so', async (t) => {
  const says = [/died: it ended with code 0$/, /; a descriptor of it was closed$/, /; 3 descriptors of it were closed$/]
  for (const [i, count] of [0, 1, 3].entries()) {
    const result = await Miou.run(() => Miou.await(Miou.call(opensAndDies, [count])), { domains: 1 })
    t.is(isError(t, result.ok || result.error, Miou.DomainDied, says[i]!).descriptors, count)
  }
})

test('calls wait for the successor where the only domain has died', async (t) => {
  await Miou.run(
    function* () {
      const first = yield* Miou.call(domainOf, [])
      const result = yield* Miou.await(Miou.call(dies, ['exit']))
      isError(t, result.ok || result.error, Miou.DomainDied)
      const waiting = [1, 2, 3].map((n) => Miou.call(echo<number>, [n]))
      const cancelled = Miou.call(hang, [])
      yield* Miou.cancel(cancelled)
      for (const [n, task] of waiting.entries()) t.is(yield* task, n + 1)
      t.not(yield* Miou.call(domainOf, []), first)
      yield* apart()
    },
    { domains: 1 },
  )
})

test('three deaths in a second end the run, with DomainDied', async (t) => {
  const run = Miou.run(function* () {
    for (let i = 0; i < 4; i++) yield* Miou.await(Miou.call(dies, ['exit']))
    yield* never()
  }, three)
  await rejects(t, run, Miou.DomainDied)
})

test('where nobody awaits the task of a dead domain, the run goes on', async (t) => {
  await Miou.run(function* () {
    const collector = Miou.orphans<void>()
    Miou.call(dies, ['exit'], { orphans: collector })
    const result = yield* Miou.get(collector)
    isError(t, result!.ok || result!.error, Miou.DomainDied)
    yield* apart()
  }, two)
})

test('a task whose parent was on a dead domain is cancelled, and over before the dead one is', async (t) => {
  const shared = words(2)
  await Miou.run(function* () {
    const child = Miou.call(callsAndDies, [shared])
    const result = yield* Miou.await(child)
    isError(t, result.ok || result.error, Miou.DomainDied)
    t.true(shared[0]! >= 1)
    t.is(shared[1], shared[0], 'structure holds: they have unwound')
    yield* apart()
  }, three)
})

test('a chain of calls through a dead domain unwinds on both sides of it', async (t) => {
  const shared = words(3)
  await Miou.run(function* () {
    const [a, b, c] = Miou.Domain.all().slice(1) as [number, number, number]
    // a calls b, which dies after it has called c, which calls b and waits.
    const child = Miou.call(calledDeep, [[b, c, b], shared, b], { pin: a })
    const result = yield* Miou.await(child)
    isError(t, result.ok || result.error, Miou.DomainDied)
    t.is(shared[0], shared[1], 'those that lived have unwound')
    yield* apart()
  }, three)
})

test('a run whose domain dies at its very end ends', async (t) => {
  for (let i = 0; i < 3; i++) {
    const shared = words(2)
    const run = Miou.run(function* () {
      const child = Miou.call(spawnsAndDies, [shared])
      yield* reaches(shared, 0)
      throw new Error('main')
      // biome-ignore lint/correctness/noUnreachable: what keeps the child in use
      yield* child
    }, three)
    await rejects(t, run, Error, /^main$/)
    await Miou.run(() => Miou.call(echo, [1]), three)
    await new Promise((resolve) => setTimeout(resolve, 400))
  }
})

test('a domain that dies between two runs is replaced in the next', async (t) => {
  await Miou.run(function* () {
    yield* Miou.call(spawnsAndDies, [words(2), 50])
  }, three)
  await new Promise((resolve) => setTimeout(resolve, 100))
  t.is(await Miou.run(() => Miou.call(echo<number>, [1]), three), 1)
})

test('resources with a portable finaliser are finalised on the parent’s domain; others are lost with it', async (t) => {
  const shared = words(3)
  await Miou.run(function* () {
    const given = heldResource(shared)
    Miou.Ownership.own(given)
    const child = Miou.call(holdsResource, [shared], { give: [given] })
    const result = yield* Miou.await(child)
    isError(t, result.ok || result.error, Miou.DomainDied)
    t.is(shared[0], 2, 'what was given, and what was made there')
    yield* apart()
  }, two)
})

test('what was released, transferred or given on before the domain died is not finalised again', async (t) => {
  const shared = words(3)
  await Miou.run(function* () {
    const parent = Miou.async(function* () {
      const result = yield* Miou.await(Miou.call(releasesAndDies, [shared]))
      isError(t, result.ok || result.error, Miou.DomainDied)
      t.is(shared[0], 1, 'one was released there; one was transferred here')
      throw new Error('parent')
    })
    yield* Miou.await(parent)
    t.is(shared[0], 2)
    yield* apart()
  }, two)
})

test('cancelling a task in the moment in which its domain dies', async (t) => {
  for (let i = 0; i < 2; i++) {
    const shared = words(2)
    await Miou.run(function* () {
      const child = Miou.call(spawnsAndDies, [shared, 1])
      yield* reaches(shared, 0)
      yield* Miou.cancel(child)
      const result = yield* Miou.await(child)
      isError(t, result.ok || result.error, Miou.Cancelled)
      yield* Unix.sleep(50)
    }, three)
    await new Promise((resolve) => setTimeout(resolve, 600))
  }
})

test('a parent that is over waits for no dead domain', async (t) => {
  const shared = words(2)
  await Miou.run(function* () {
    const parent = Miou.async(function* () {
      const [a, b] = Miou.Domain.all().slice(1) as [number, number]
      Miou.call(spawnsAndDies, [shared], { pin: a })
      Miou.call(lives, [shared, 0, 1], { pin: b })
      yield* reaches(shared, 0, 2)
      throw new Error('parent')
    })
    const result = yield* Miou.await(parent)
    isError(t, result.ok || result.error, Error, /^parent$/)
    t.is(shared[1], 1)
    yield* apart()
  }, three)
})
