import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { sortHalf } from '../programs/sorting.js'
import { count, domainOf, echo, hang, twoDomains } from '../programs/numbers.js'
import { test } from '../support/case.js'
import { listening } from '../support/loopback.js'
import { AT_ONCE } from '../support/promptly.js'
import { isError, refuses, rejects } from '../support/refusal.js'
import { never, until, words } from '../support/waiting.js'

const alone = { domains: 0 }
const three = { domains: 3 }

/* The runnable claims of Miou's README (R) and of its interface (M). R01, M08, M09, M17, M18, M20 and M21 stand in print, orphans,
 * core, hook, source and call. */

test('R02: await gives what a task returns', async (t) => {
  t.is(await Miou.run(() => Miou.awaitExn(Miou.async(() => echo(42))), alone), 42)
})

test('R03: a task that throws takes its sleeping child with it, at once', async (t) => {
  await Miou.run(function* () {
    const start = performance.now()
    const parent = Miou.async(function* () {
      Miou.async(() => Unix.sleep(10 * AT_ONCE))
      yield* Miou.yield()
      throw new Error('p')
    })
    const result = yield* Miou.await(parent)
    isError(t, result.ok || result.error, Error, /^p$/)
    t.true(performance.now() - start < AT_ONCE)
  }, alone)
})

test('R04: cancelling is a way out of awaiting', async (t) => {
  await Miou.run(() => Miou.cancel(Miou.async(() => echo(42))), alone)
  t.pass()
})

test('M01: a list of tasks, awaited in order, gives results in order', async (t) => {
  await Miou.run(function* () {
    const tasks = Array.from({ length: 100 }, (_, n) => Miou.async(() => echo(n)))
    const results: number[] = []
    for (const task of tasks) results.push(yield* task)
    t.deepEqual(
      results,
      tasks.map((_, n) => n),
    )
  }, alone)
})

test('M02: two tasks that yield both come to their end', async (t) => {
  const said: string[] = []
  await Miou.run(function* () {
    const tasks = ['Hello', 'World'].map((word) =>
      Miou.async(function* () {
        for (let i = 0; i < 2; i++) {
          yield* Miou.yield()
          said.push(word)
        }
      }),
    )
    yield* Miou.awaitAll(tasks)
  }, alone)
  t.deepEqual(said.sort(), ['Hello', 'Hello', 'World', 'World'])
})

test('M03: a call within a call: two domains, neither of them 0', async (t) => {
  const [inner, outer] = await Miou.run(() => Miou.awaitExn(Miou.call(twoDomains, [])), three)
  t.true(inner !== 0 && outer !== 0 && inner !== outer)
})

test('M04: parallel leaves domain 0 out; async takes it in', async (t) => {
  const shared = words(1)
  await Miou.run(function* () {
    const here = Miou.async(() => count(shared, 0))
    const there = yield* Miou.parallel(domainOf as (item: number) => Miou.Operation<number>, [1, 2, 3])
    t.is(new Set(there.map((result) => result.ok && result.value)).size, 3)
    yield* here
    t.is(shared[0], 1)
  }, three)
})

test('M05: a long computation with switch points lets a connection in that comes meanwhile', async (t) => {
  await Miou.run(function* () {
    const [listener, address] = listening()
    let computing = true
    let served = 0
    const server = Miou.async(function* () {
      const [client] = yield* Unix.accept(listener)
      served++
      t.true(computing, 'served before the computation ends')
      Unix.close(client)
    })
    const client = Miou.async(function* () {
      const fd = Unix.tcpv4()
      yield* Unix.connect(fd, address)
      Unix.close(fd)
    })
    for (let i = 0; i < 1_000_000 && served === 0; i++) if (i % 100 === 0) yield* Miou.yield()
    computing = false
    yield* server
    yield* client
    Unix.close(listener)
  }, alone)
})

test('M10: a merge sort whose halves are sorted in parallel gives what a sequential one does', async (t) => {
  const numbers = Float64Array.from({ length: 20_000 }, (_, n) => (n * 7919) % 20_011)
  const expected = numbers.slice().sort()
  const sorted = await Miou.run(function* () {
    const shared = new Float64Array(new SharedArrayBuffer(numbers.byteLength))
    shared.set(numbers)
    const middle = numbers.length >> 1
    const halves = yield* Miou.parallel(sortHalf, [shared.subarray(0, middle), shared.subarray(middle)])
    t.true(halves.every((result) => result.ok))
    const merged: number[] = []
    for (let a = 0, b = middle; a < middle || b < shared.length; ) {
      merged.push(b === shared.length || (a < middle && shared[a]! <= shared[b]!) ? shared[a++]! : shared[b++]!)
    }
    return merged
  }, three)
  t.deepEqual(sorted, [...expected])
})

test('M12, M13: awaitOne leaves the other one owed', async (t) => {
  const owed = Miou.run(() => Miou.awaitOne([Miou.async(() => echo(1)), Miou.async(() => echo(2))]), alone)
  await rejects(t, owed, Miou.StillHasChildren)
  await Miou.run(function* () {
    const tasks = [Miou.async(() => echo(1)), Miou.async(() => echo(2))]
    yield* Miou.awaitOne(tasks)
    t.deepEqual(yield* Miou.awaitAll(tasks), [
      { ok: true, value: 1 },
      { ok: true, value: 2 },
    ])
  }, alone)
})

test('M14: awaitFirst does not wait for the sleep of its loser', async (t) => {
  await Miou.run(function* () {
    const start = performance.now()
    const slow = Miou.async(function* () {
      yield* Unix.sleep(10 * AT_ONCE)
      throw new Error('timeout')
    })
    t.true((yield* Miou.awaitFirst([Miou.async(function* () {}), slow])).ok)
    t.true(performance.now() - start < AT_ONCE)
  }, alone)
})

test('M15: a call that is cancelled is paid for; one that is ignored is not', async (t) => {
  await Miou.run(() => Miou.cancel(Miou.call(echo, [1])), three)
  const ignored = Miou.run(function* () {
    Miou.call(echo, [1])
  }, three)
  await rejects(t, ignored, Miou.StillHasChildren)
})

test('M16: cancelling what has ended: it did what it did, and awaiting says Cancelled', async (t) => {
  const said: string[] = []
  const run = Miou.run(function* () {
    const child = Miou.async(function* () {
      said.push('Resolved!')
    })
    yield* Miou.yield()
    yield* Miou.cancel(child)
    yield* child
  }, alone)
  await rejects(t, run, Miou.Cancelled)
  t.deepEqual(said, ['Resolved!'])
})

test('M19: awaitFirst and awaitOne of nothing', async (t) => {
  await Miou.run(function* () {
    refuses(t, () => Miou.awaitFirst([]), Miou.InvalidArgument)
    refuses(t, () => Miou.awaitOne([]), Miou.InvalidArgument)
    yield* Miou.yield()
  }, alone)
})

/* The book (B) and the tutorial (T). Their servers stand in book; B03, B06, B07, B14, B18 and B22 in core, members, print and timers. */

test('B01: a task that is spawned runs once its parent waits', async (t) => {
  const said: string[] = []
  await Miou.run(function* () {
    const child = Miou.async(function* () {
      said.push('World')
    })
    said.push('Hello')
    yield* child
  }, alone)
  t.deepEqual(said, ['Hello', 'World'])
})

test('B02: a sibling may not cancel', async (t) => {
  const run = Miou.run(function* () {
    const a = Miou.async(Miou.yield)
    const b = Miou.async(() => Miou.cancel(a))
    yield* a
    yield* b
  }, alone)
  await rejects(t, run, Miou.NotAChild)
})

test('B16: a server that does not drain its handlers breaks the rule', async (t) => {
  const run = Miou.run(function* () {
    const handlers = Miou.orphans<void>()
    Miou.async(never, { orphans: handlers })
    Miou.call(hang, [], { orphans: handlers as Miou.Orphans<never> })
    yield* until(() => handlers.length === 2)
  }, three)
  await rejects(t, run, Miou.StillHasChildren)
})
