import * as Miou from 'miou'
import { type Runtime, start } from 'miou/node'
import * as Unix from 'miou/unix'
import { count, domainOf, fail, hang } from '../programs/numbers.js'
import { callsLeaking, leaksResource, yieldsForeign } from '../programs/resources.js'
import { test } from '../support/case.js'
import { rejects } from '../support/refusal.js'
import { words } from '../support/waiting.js'

test('a runtime runs tasks for a program that has a main loop of its own', async (t) => {
  const runtime = await start({ domains: 2 })
  t.is(
    await runtime.run(function* () {
      yield* Unix.sleep(1)
      return Miou.Domain.self()
    }),
    0,
  )
  const domains = await Promise.all(Array.from({ length: 20 }, () => runtime.call(domainOf, [])))
  t.false(domains.includes(0))
  t.is(new Set(domains).size, 2)
  await rejects(t, runtime.call(fail, ['one request']), Error, /one request/)
  t.not(await runtime.call(domainOf, []), 0, 'the others go on')
  await runtime.close()
})

test('close waits for what runs, and starts no more', async (t) => {
  const runtime = await start({ domains: 1 })
  const shared = words(1)
  const counted = runtime.call(count, [shared, 0])
  const slow = runtime.run(function* () {
    yield* Unix.sleep(20)
    return 'over'
  })
  const closing = runtime.close()
  await rejects(
    t,
    runtime.run(() => t.fail() as never),
    Miou.InvalidArgument,
    /closed/,
  )
  t.is(await slow, 'over')
  await counted
  await closing
  await runtime.close()
  await rejects(
    t,
    runtime.run(function* () {}),
    Miou.InvalidArgument,
    /closed/,
  )
  await rejects(t, runtime.call(domainOf, []), Miou.InvalidArgument, /closed/)
})

test('it is disposed of at the end of a block', async (t) => {
  let left: Promise<number> | undefined
  {
    await using runtime = await start({ domains: 1 })
    left = runtime.call(domainOf, [])
  }
  t.not(await left, 0)
})

test('cancellation reaches into the domains: aborting the signal ends what runs everywhere', async (t) => {
  const controller = new AbortController()
  const runtime = await start({ domains: 1, signal: controller.signal })
  const requests = [runtime.call(hang, []), runtime.run(() => Unix.sleep(100_000))]
  setTimeout(() => controller.abort(new Error('enough')), 5)
  for (const request of requests) {
    const error = await rejects(t, request, Miou.Cancelled)
    t.is((error.cause as Error).message, 'enough')
  }
  await rejects(t, runtime.close(), Miou.Cancelled)
  await rejects(
    t,
    runtime.run(function* () {}),
    Miou.InvalidArgument,
    /closed/,
  )
})

test('a fatal error in one request ends the runtime, and rejects them all', async (t) => {
  const runtime = await start({ domains: 1 })
  const others = [runtime.call(hang, []), runtime.run(() => Unix.sleep(100_000))]
  const leaking = runtime.run(function* () {
    Miou.async(() => Unix.sleep(100_000))
  })
  await rejects(t, leaking, Miou.StillHasChildren)
  for (const other of others) {
    const error = await rejects(t, other, Miou.Cancelled)
    t.true(error.cause instanceof Miou.StillHasChildren)
  }
  await rejects(t, runtime.close(), Miou.StillHasChildren)
})

const fatal: [string, (runtime: Runtime) => Promise<unknown>, new (message: string) => Error][] = [
  [
    'a foreign yield',
    (runtime) =>
      runtime.run(function* () {
        yield 1 as never
      }),
    Miou.ForeignYield,
  ],
  ['a foreign yield on another domain', (runtime) => runtime.call(yieldsForeign, []), Miou.ForeignYield],
  ['a leak of what another domain calls', (runtime) => runtime.call(callsLeaking, [words(1)]), Miou.ResourceLeaked],
  ['a leak on another domain', (runtime) => runtime.call(leaksResource, [words(1)]), Miou.ResourceLeaked],
  [
    'a child of its that leaks',
    (runtime) =>
      runtime.run(function* () {
        yield* Miou.async(function* () {
          Miou.Ownership.own(Miou.Ownership.create(1, () => {}))
        })
      }),
    Miou.ResourceLeaked,
  ],
]
for (const [what, begin, of] of fatal) {
  test(`a request that breaks a rule fatally (${what}) rejects with that error; the others with Cancelled`, async (t) => {
    const runtime = await start({ domains: 2 })
    const others = [runtime.call(hang, []), runtime.run(() => Unix.sleep(100_000))]
    await rejects(t, begin(runtime), of)
    for (const other of others) t.true((await rejects(t, other, Miou.Cancelled)).cause instanceof of)
    await rejects(t, runtime.close(), of)
  })
}

test('wrong options are refused', async (t) => {
  await rejects(t, start({ domains: -1 }), Miou.InvalidArgument, /domains/)
})

test('two runtimes may live beside each other, and beside a run', async (t) => {
  const [one, other] = await Promise.all([start({ domains: 1 }), start({ domains: 0 })])
  const both = await Promise.all([
    one.call(domainOf, []),
    other.run(function* () {
      return 'other'
    }),
    Miou.run(
      function* () {
        return 'run'
      },
      { domains: 0 },
    ),
  ])
  t.not(both[0], 0)
  t.deepEqual(both.slice(1), ['other', 'run'])
  await rejects(t, other.call(domainOf, []), Miou.NoDomainAvailable)
  await Promise.all([one.close(), other.close()])
})
