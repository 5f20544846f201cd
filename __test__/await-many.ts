import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { abortSignal } from 'miou/node'
import { echo, fail, lives, spin } from './programs/numbers.js'
import { test } from './support/case.js'
import { isError, refuses, rejects } from './support/refusal.js'
import { forever, never, reaches, until, words } from './support/waiting.js'

const alone = { domains: 0 }
const three = { domains: 3 }

/* awaitAll */

test('awaitAll of nothing is nothing; the same child may stand in it twice', async (t) => {
  await Miou.run(function* () {
    t.deepEqual(yield* Miou.awaitAll([]), [])
    const child = Miou.async(() => echo(1))
    const once = { ok: true as const, value: 1 }
    t.deepEqual(yield* Miou.awaitAll([child, child]), [once, once])
  }, alone)
})

test('awaitAll refuses a stranger before it waits for anybody', async (t) => {
  await Miou.run(function* () {
    const child = Miou.async(forever)
    refuses(t, () => Miou.awaitAll([child, Miou.self()]), Miou.NotAChild)
    yield* Miou.cancel(child)
  }, alone)
})

/* awaitOne */

test('awaitOne leaves the others as they are, still owed an await or a cancel', async (t) => {
  const run = Miou.run(function* () {
    const quick = Miou.async(() => echo('quick'))
    const slow = Miou.async(function* () {
      yield* Unix.sleep(5)
      return 'slow'
    })
    t.deepEqual(yield* Miou.awaitOne([quick, slow]), { ok: true, value: 'quick' })
    t.is(slow.state, 'running')
    t.deepEqual(yield* Miou.await(slow), { ok: true, value: 'slow' })
    const left = Miou.async(() => echo(1))
    yield* Miou.awaitOne([Miou.async(() => echo(2)), left])
  }, alone)
  await rejects(t, run, Miou.StillHasChildren)
})

test('a lone early failure wins awaitOne: it is a race, not a search for success', async (t) => {
  await Miou.run(function* () {
    const slow = Miou.async(() => Unix.sleep(20))
    const first = yield* Miou.awaitOne([slow, Miou.async(() => fail('early'))])
    isError(t, first.ok || first.error, Error, /^early$/)
    yield* slow
  }, alone)
})

test('the winner of awaitOne may be awaited again, and another awaitOne decides at once', async (t) => {
  await Miou.run(function* () {
    const child = Miou.async(() => echo(1))
    t.deepEqual(yield* Miou.awaitOne([child]), { ok: true, value: 1 })
    t.deepEqual(yield* Miou.awaitOne([child, child]), { ok: true, value: 1 })
    t.is(yield* child, 1)
  }, alone)
})

/* awaitFirst */

test('duplicates are allowed in awaitFirst, and do not cancel each other', async (t) => {
  await Miou.run(function* () {
    const child = Miou.async(() => echo(1))
    t.deepEqual(yield* Miou.awaitFirst([child, child]), { ok: true, value: 1 })
    t.is(child.state, 'finished')
    const loser = Miou.async(forever)
    const winner = Miou.async(() => echo(2))
    t.deepEqual(yield* Miou.awaitFirst([loser, winner, loser, winner]), { ok: true, value: 2 })
  }, alone)
})

test('a loser of awaitFirst that had ended keeps its value; one that ran is Cancelled', async (t) => {
  await Miou.run(
    function* () {
      const tasks = [1, 2, 3].map((n) => Miou.async(() => echo(n)))
      const running = Miou.async(forever)
      yield* until(() => tasks.every((task) => task.state === 'finished'))
      yield* Miou.awaitFirst([...tasks, running])
      t.deepEqual(
        (yield* Miou.awaitAll(tasks)).map((result) => result.ok && result.value),
        [1, 2, 3],
      )
      const result = yield* Miou.await(running)
      isError(t, result.ok || result.error, Miou.Cancelled)
    },
    { domains: 0, seed: 4 },
  )
})

test('everything that has ended when the waiter next runs is a candidate', async (t) => {
  const winners = new Set<unknown>()
  for (let seed = 0; seed < 100; seed++) {
    await Miou.run(
      function* () {
        const tasks = [1, 2, 3].map((n) => Miou.async(() => echo(n)))
        const first = yield* Miou.awaitFirst(tasks)
        winners.add(first.ok && first.value)
      },
      { domains: 0, seed },
    )
  }
  t.deepEqual([...winners].sort(), [1, 2, 3])
})

test('the waiter that is cancelled while its losers unwind is over only after them', async (t) => {
  const shared = words(2)
  await Miou.run(function* () {
    const waiter = Miou.async(function* () {
      const loser = Miou.call(lives, [shared, 0, 1])
      yield* reaches(shared, 0)
      yield* Miou.awaitFirst([loser, Miou.async(() => echo(1))])
    })
    yield* reaches(shared, 0)
    yield* Miou.cancel(waiter)
    t.is(shared[1], 1)
  }, three)
})

test('a waiter that is cancelled leaves nothing behind: its children are over with it', async (t) => {
  await Miou.run(function* () {
    for (const wait of [Miou.awaitFirst, Miou.awaitOne]) {
      let unwound = 0
      let ready = false
      const waiter = Miou.async(function* () {
        const child = Miou.async(function* () {
          try {
            yield* never()
          } finally {
            unwound++
          }
        })
        yield* Miou.yield()
        ready = true
        yield* wait([child, Miou.call(spin, [])])
      })
      yield* until(() => ready)
      yield* Miou.yield()
      yield* Miou.cancel(waiter)
      t.is(unwound, 1)
    }
  }, three)
})

test('a thousand racers: one wins, all others are over', async (t) => {
  await Miou.run(function* () {
    const losers = Array.from({ length: 999 }, () => Miou.async(never))
    const winner = Miou.async(() => echo('first'))
    t.deepEqual(yield* Miou.awaitFirst([...losers, winner]), { ok: true, value: 'first' })
    t.true(losers.every((task) => task.state === 'exited'))
  }, alone)
})

test('an empty list, what is no list, and what is no task are refused with a sentence', async (t) => {
  await Miou.run(function* () {
    yield* Miou.yield()
    for (const wait of [Miou.awaitOne, Miou.awaitFirst]) {
      refuses(t, () => wait([]), Miou.InvalidArgument, /one task at least/)
      refuses(t, () => wait(undefined as never), Miou.InvalidArgument, /array/)
      refuses(t, () => wait([1] as never), Miou.InvalidArgument, /task/)
      refuses(t, () => wait([Miou.self()]), Miou.NotAChild)
    }
    refuses(t, () => Miou.awaitAll(1 as never), Miou.InvalidArgument, /array/)
    refuses(t, () => Miou.awaitAll([{}] as never), Miou.InvalidArgument, /task/)
  }, alone)
})

test('the same seed makes the same choices, with other domains too', async (t) => {
  function* program(): Generator<Miou.Suspension, unknown[]> {
    const choices: unknown[] = []
    for (let i = 0; i < 20; i++) {
      const tasks = ['a', 'b', 'c'].map((name) => Miou.async(() => echo(name)))
      yield* until(() => tasks.every((task) => task.state === 'finished'))
      const first = yield* Miou.awaitFirst(tasks)
      choices.push(first.ok && first.value)
      const call = Miou.call(echo, [1])
      choices.push(Miou.Domain.all().indexOf(call.domain))
      yield* call
    }
    return choices
  }
  const runs: unknown[][] = []
  for (const seed of [1, 1, 2]) runs.push(await Miou.run(program, { domains: 3, seed }))
  t.deepEqual(runs[0], runs[1])
  t.notDeepEqual(runs[0], runs[2])
})

test('who listens to the signal of a loser may cancel the waiter: the losers can be awaited in its clean-up', async (t) => {
  const controller = new AbortController()
  let unwound = 0
  function* loses(): Generator<Miou.Suspension, void> {
    abortSignal().addEventListener('abort', () => controller.abort())
    try {
      yield* never()
    } finally {
      yield* Miou.shield(() => Miou.yield())
      unwound++
    }
  }
  const run = Miou.run(
    function* () {
      const tasks = [Miou.async(() => Miou.yield()), Miou.async(loses), Miou.async(loses)]
      try {
        yield* Miou.awaitFirst(tasks)
        t.fail('it is cancelled')
      } finally {
        const results = yield* Miou.shield(() => Miou.awaitAll(tasks))
        t.is(unwound, 2)
        t.deepEqual(
          results.map(({ ok }) => ok),
          [true, false, false],
        )
      }
    },
    { domains: 0, signal: controller.signal },
  )
  await rejects(t, run, Miou.Cancelled)
})
