import * as Miou from 'miou'
import { forgets, ids } from './programs/families.js'
import { echo } from './programs/numbers.js'
import { test } from './support/case.js'
import { isError, refuses, rejects } from './support/refusal.js'
import { never, until } from './support/waiting.js'

const alone = { domains: 0 }
const { Ownership } = Miou

test('ids are unique in a run, and main is 1 in every run', async (t) => {
  for (let i = 0; i < 3; i++) {
    await Miou.run(
      function* () {
        t.is(Miou.self().id, 1)
        const tasks = Array.from({ length: 3000 }, () => Miou.async(() => echo(0)))
        const calls = Array.from({ length: 10 }, () => Miou.call(ids, [100]))
        const seen = [1, ...[...tasks, ...calls].map((task) => task.id)]
        yield* Miou.awaitAll(tasks)
        for (const result of yield* Miou.awaitAll(calls)) if (result.ok) seen.push(...result.value)
        t.is(new Set(seen).size, 1 + 3000 + 10 + 1000)
      },
      { domains: 2 },
    )
  }
})

test('self is the current task, also in children and after switches', async (t) => {
  await Miou.run(function* () {
    const main = Miou.self()
    const child: Miou.Task<void> = Miou.async(function* () {
      t.is(Miou.self(), child)
      yield* Miou.yield()
      t.is(Miou.self(), child)
    })
    t.is(Miou.self(), main)
    yield* child
    t.is(Miou.self(), main)
  }, alone)
})

test('what is given moves to the child, the last one as the newest', async (t) => {
  const order: string[] = []
  await Miou.run(function* () {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => Ownership.create(name, () => order.push(name))) as Miou.Resource[]
    Ownership.own(a!)
    Ownership.own(b!)
    const child = Miou.async(
      function* () {
        for (const resource of [a!, b!, c!]) Ownership.check(resource)
        throw new Error('child')
      },
      { give: [a!, b!, c!] },
    )
    refuses(t, () => Ownership.check(a!), Miou.NotOwner)
    yield* Miou.await(child)
  }, alone)
  t.deepEqual(order, ['c', 'b', 'a'])
})

test('a resource that stands twice in give is given once', async (t) => {
  let finalised = 0
  await Miou.run(function* () {
    const resource = Ownership.create(1, () => finalised++)
    const child = Miou.async(
      function* () {
        throw new Error('child')
      },
      { give: [resource, resource] },
    )
    yield* Miou.await(child)
  }, alone)
  t.is(finalised, 1)
})

test('only the owner may give: what another task owns is refused, and nothing is spawned', async (t) => {
  await Miou.run(function* () {
    let finalised = 0
    let owned: Miou.Resource | undefined
    const owner = Miou.async(function* () {
      owned = Ownership.create(1, () => finalised++)
      Ownership.own(owned)
      yield* never()
    })
    yield* until(() => owned !== undefined)
    refuses(t, () => Miou.async(never, { give: [owned!] }), Miou.InvalidArgument, /owner/)
    t.is(finalised, 0)
    yield* Miou.cancel(owner)
    t.is(finalised, 1)
  }, alone)
})

test('options are checked before anything exists', async (t) => {
  await Miou.run(function* () {
    refuses(t, () => Miou.async(never, { give: {} as never }), Miou.InvalidArgument, /give.*array/)
    refuses(t, () => Miou.async(never, { give: [1] as never }), Miou.InvalidArgument, /give.*resources/)
    refuses(t, () => Miou.async(never, { name: 5 as never }), Miou.InvalidArgument, /name/)
    yield* Miou.yield()
  }, alone)
})

test('a fatal error names what was forgotten: name, id, domain', async (t) => {
  const many = Miou.run(function* () {
    for (let i = 0; i < 8; i++) Miou.async(never, { name: `child ${i}` })
    yield* Miou.yield()
  }, alone)
  const error = await rejects(t, many, Miou.StillHasChildren)
  t.regex(error.message, /task 1 \(main\) on domain 0 .*task \d+ \(child 7\).* and 3 more/)
})

test('a fatal error in a task on another domain names that domain', async (t) => {
  const run = Miou.run(() => Miou.awaitExn(Miou.call(forgets, [])), { domains: 1 })
  const error = await rejects(t, run, Miou.StillHasChildren)
  t.regex(error.message, /forgets\) on domain [1-9]\d* .*\(left\)/)
  isError(t, error, Miou.StillHasChildren)
})

test('100 000 tasks live at once', async (t) => {
  await Miou.run(function* () {
    let running = 0
    const tasks = Array.from({ length: 100_000 }, () =>
      Miou.async(function* () {
        running++
        yield* Miou.yield()
        running--
      }),
    )
    yield* Miou.yield()
    t.is(running, 100_000)
    for (const task of tasks) yield* task
    t.is(running, 0)
  }, alone)
})

test('a task tree 10 000 deep spawns, fails and unwinds', async (t) => {
  let unwound = 0
  function* deep(depth: number): Generator<Miou.Suspension, void> {
    try {
      if (depth === 0) yield* never()
      else yield* Miou.async(() => deep(depth - 1))
    } finally {
      unwound++
    }
  }
  await Miou.run(function* () {
    const root = Miou.async(() => deep(10_000))
    for (let i = 0; i < 10_010; i++) yield* Miou.yield()
    yield* Miou.cancel(root)
    t.is(unwound, 10_001)
  }, alone)
})
