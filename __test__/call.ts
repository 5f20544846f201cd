import { MessageChannel } from 'node:worker_threads'
import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { sendPort } from '../dist/pool.js'
import { unreachable } from './programs/broken/import.js'
import { registered } from './programs/broken/register.js'
import { failsOnOdd, forgetsNamed, livesOf, parallelWithin, pinsItself } from './programs/families.js'
import { count, domainOf, echo, echoesAt, isNew, lives, spin } from './programs/numbers.js'
import { posted } from './programs/posting.js'
import { heldResource } from './programs/resources.js'
import { all, countDown, counts, returnsOperation } from './programs/values.js'
import { test } from './support/case.js'
import { isError, refuses } from './support/refusal.js'
import { never, reaches, words } from './support/waiting.js'

const three = { domains: 3 }

test('call takes the function that portable returned, and the bare one: a recursive reference inside it', async (t) => {
  await Miou.run(function* () {
    const visited = yield* Miou.call(countDown, [5])
    t.is(visited.length, 6)
    for (let i = 1; i < visited.length; i++) t.not(visited[i], visited[i - 1])
    t.false(visited.includes(0))
  }, three)
})

test('a portable function may return an operation', async (t) => {
  t.is(await Miou.run(() => Miou.call(returnsOperation, [1]), three), 2)
})

test('a module that posts to the thread which started its domain is not taken for another domain; one that has listened to it does not end its own', async (t) => {
  for (let round = 0; round < 2; round++) {
    await Miou.run(function* () {
      for (let i = 0; i < 4; i++) t.is(yield* Miou.call(posted, [i]), i)
      t.is(Miou.Domain.available(), 3)
    }, three)
  }
})

test('a portable function is called as any other where it stands', async (t) => {
  await Miou.run(
    function* () {
      t.is(yield* echo(5), 5)
      t.is(yield* Miou.async(() => echo(6)), 6)
    },
    { domains: 0 },
  )
  t.is(echo.name, 'echo')
  t.true(echo.url.startsWith('file:'))
})

test('M21: pin names another domain of this run that is not 0; anything else is InvalidArgument', async (t) => {
  let earlier = 0
  await Miou.run(function* () {
    for (const domain of Miou.Domain.all().slice(1)) {
      t.is(yield* Miou.call(domainOf, [], { pin: domain }), domain)
      earlier = domain
    }
    refuses(t, () => Miou.call(domainOf, [], { pin: 0 }), Miou.InvalidArgument, /0 is never called/)
    for (const pin of [999, -1, 1.5, Number.NaN, '1' as never, null as never]) {
      refuses(t, () => Miou.call(domainOf, [], { pin }), Miou.InvalidArgument, /no domain/)
    }
    const own = Miou.call(pinsItself, [])
    t.true(yield* own)
  }, three)
  await Miou.run(
    function* () {
      refuses(t, () => Miou.call(domainOf, [], { pin: earlier }), Miou.InvalidArgument, /no domain/)
      yield* Miou.yield()
    },
    { domains: 0 },
  )
})

test('several calls to one domain all run, and each result goes to its own', async (t) => {
  await Miou.run(function* () {
    const pin = Miou.Domain.all()[1]!
    const tasks = Array.from({ length: 500 }, (_, n) => Miou.call(echo<number>, [n], { pin }))
    t.deepEqual(
      (yield* Miou.awaitAll(tasks)).map((result) => result.ok && result.value),
      tasks.map((_, n) => n),
    )
  }, three)
})

test('ten thousand calls at once', async (t) => {
  const shared = words(1)
  await Miou.run(function* () {
    const tasks = Array.from({ length: 10_000 }, () => Miou.call(count, [shared, 0]))
    yield* Miou.awaitAll(tasks)
    t.is(shared[0], 10_000)
  }, three)
})

test('a call with arguments that fill many messages', async (t) => {
  await Miou.run(function* () {
    const text = 'é'.repeat(4000)
    const tasks = Array.from({ length: 400 }, (_, n) => Miou.call(echo<string>, [text + n]))
    let n = 0
    for (const task of tasks) t.is(yield* task, text + n++)
  }, three)
})

test('a module is imported when it is first needed; its state is per domain, and lasts while the domain is warm', async (t) => {
  const seen = new Map<number, number>()
  for (let i = 0; i < 5; i++) {
    await Miou.run(
      function* () {
        const [domain, counted] = yield* Miou.call(counts, [])
        t.is(counted, (seen.get(domain) ?? 0) + 1)
        seen.set(domain, counted)
      },
      { domains: 1 },
    )
  }
  t.true(seen.size <= 3, 'domains are used again')
})

test('a module whose import fails is the error of the task, and names module and function', async (t) => {
  await Miou.run(function* () {
    for (let i = 0; i < 2; i++) {
      const result = yield* Miou.await(Miou.call(unreachable, []))
      const error = isError(t, result.ok || result.error, Miou.InvalidArgument, /unreachable.*broken\/import\.js/)
      isError(t, error.cause, Error, /does not like workers/)
    }
  }, three)
})

test('a module that does not register the name is the error of the task, and names both', async (t) => {
  await Miou.run(function* () {
    const result = yield* Miou.await(Miou.call(registered, []))
    isError(t, result.ok || result.error, Miou.InvalidArgument, /broken\/register\.js.*"absent"/)
  }, three)
})

test('a domain that is introduced is told of functions anew, though another was at its place before', async (t) => {
  await Miou.run(function* () {
    const [a, b] = Miou.Domain.all().slice(1) as [number, number]
    t.is(yield* Miou.call(echoesAt, [b, 1], { pin: a }), 1)
    // As if another domain was there now, of which the pool tells the first one, which has not heard of the death.
    yield* Miou.call(isNew, [a], { pin: b })
    const { port1, port2 } = new MessageChannel()
    sendPort(a, b, port1)
    sendPort(b, a, port2)
    t.is(yield* Miou.call(echoesAt, [b, 2], { pin: a }), 2)
    t.deepEqual(yield* Miou.call(echoesAt, [b, { posted: true }], { pin: a }), { posted: true })
  }, three)
})

test('what is no portable function is refused with what to write instead', async (t) => {
  await Miou.run(function* () {
    function* bare(): Generator<never, void> {}
    refuses(t, () => Miou.call(bare, []), Miou.InvalidArgument, /bare = portable\(import\.meta/)
    for (const wrong of [undefined, null, 1, {}, 'echo']) {
      refuses(t, () => Miou.call(wrong as never, []), Miou.InvalidArgument, /portable/)
      refuses(t, () => Miou.parallel(wrong as never, [1]), Miou.InvalidArgument, /portable/)
    }
    for (const args of [undefined, null, 1, 'x', {}]) {
      refuses(t, () => Miou.call(echo, args as never), Miou.InvalidArgument, /array/)
      refuses(t, () => Miou.parallel(echo, args as never), Miou.InvalidArgument, /array/)
    }
    refuses(t, () => Miou.call(echo, [1], { give: 1 as never }), Miou.InvalidArgument, /give/)
    refuses(t, () => Miou.call(echo, [1], { name: 1 as never }), Miou.InvalidArgument, /name/)
    refuses(t, () => Miou.call(echo, [1], { transfer: 1 as never }), Miou.InvalidArgument, /transfer/)
    yield* Miou.yield()
  }, three)
})

test('a task that is called has the name that it is given, or that of its function', async (t) => {
  const run = (name?: string) =>
    Miou.run(function* () {
      yield* Miou.call(forgetsNamed, [], name === undefined ? {} : { name })
    }, three)
  await t.throwsAsync(run(), { message: /task \d+ \(forgetsNamed\)/ })
  await t.throwsAsync(run('mine'), { message: /task \d+ \(mine\)/ })
})

test('an object that is two arguments is one on the other side, bytes included', async (t) => {
  await Miou.run(function* () {
    for (const value of [new Uint8Array(3), {}, new Float64Array(3)]) {
      const [first, second, third] = yield* Miou.call(all, [value, value, structuredClone(value)])
      t.is(first, second)
      t.not(first, third)
    }
  }, three)
})

test('bytes whose memory is elsewhere by now are refused wherever they would cross; an empty array crosses', async (t) => {
  const gone = new Uint8Array(4)
  structuredClone(gone, { transfer: [gone.buffer] })
  const queue = Miou.Queue.create<Uint8Array>()
  const computation = Miou.Computation.create<Uint8Array>()
  await Miou.run(function* () {
    refuses(t, () => Miou.call(echo, [gone]), Miou.InvalidArgument, /detached/)
    refuses(t, () => Miou.Queue.enqueue(queue, gone), Miou.InvalidArgument, /detached/)
    refuses(t, () => Miou.Computation.tryReturn(computation, gone), Miou.InvalidArgument, /detached/)
    t.deepEqual(yield* Miou.call(echo, [new Uint8Array()]), new Uint8Array())
    Miou.Queue.enqueue(queue, new Uint8Array())
    t.deepEqual(Miou.Queue.dequeue(queue), new Uint8Array())
  }, three)
})

test('cancelling a call in every moment of its life leaves nothing running', async (t) => {
  const shared = words(2)
  await Miou.run(function* () {
    for (let i = 0; i < 200; i++) {
      const child = Miou.call(lives, [shared, 0, 1])
      const start = performance.now()
      while (performance.now() - start < (i % 20) / 100);
      if (i % 3 === 0) yield* Miou.yield()
      yield* Miou.cancel(child)
      t.is(shared[0], shared[1])
    }
  }, three)
})

test('a domain whose tasks are all busy still takes calls, results and cancels', async (t) => {
  await Miou.run(function* () {
    const busy = Miou.Domain.all()
      .slice(1)
      .flatMap((pin) => Array.from({ length: 20 }, () => Miou.call(spin, [], { pin })))
    for (let i = 0; i < 20; i++) t.is(yield* Miou.call(echo<number>, [i]), i)
    for (const task of busy) yield* Miou.cancel(task)
  }, three)
})

test('parallel, on the domains that are not one’s own', async (t) => {
  await Miou.run(function* () {
    const results = yield* Miou.parallel(domainOf as (item: number) => Miou.Operation<number>, [0, 1, 2, 3, 4, 5])
    const domains = results.map((result) => result.ok && result.value)
    t.deepEqual(domains.slice(0, 3), domains.slice(3))
    const inner = yield* Miou.call(parallelWithin, [4])
    t.is(new Set(inner.domains).size, 2)
    t.false(inner.domains.includes(inner.own))
    const mixed = yield* Miou.parallel(failsOnOdd, [0, 1, 2, 3])
    t.deepEqual(
      mixed.map((result) => result.ok),
      [true, false, true, false],
    )
  }, three)
})

test('parallel with an item that can not cross cancels those that it has called', async (t) => {
  const shared = words(2)
  await Miou.run(function* () {
    try {
      yield* Miou.parallel(livesOf, [shared, shared, { shared, fn: () => 1 } as never])
      t.fail()
    } catch (error) {
      isError(t, error, Miou.InvalidArgument, /function/)
    }
    t.is(shared[0], shared[1])
  }, three)
})

test('a parallel that is cancelled cancels all of its tasks', async (t) => {
  const shared = words(2)
  await Miou.run(function* () {
    const child = Miou.async(() => Miou.parallel(livesOf, [shared, shared, shared, shared]))
    yield* reaches(shared, 0, 4)
    yield* Miou.cancel(child)
    t.is(shared[1], 4)
  }, three)
})

test('a call in a cancelled task is checked as any other, and what it takes with it is finalised and closed', async (t) => {
  const shared = words(1)
  await Miou.run(function* () {
    let checked = false
    const cancelled = Miou.async(function* () {
      try {
        yield* never()
      } finally {
        const fd = Unix.tcpv4()
        const resource = heldResource(shared)
        refuses(t, () => Miou.call(echo<unknown>, [fd, () => 1] as never), Miou.InvalidArgument, /function/)
        const child = Miou.call(echo<unknown>, [[fd, resource]], { give: [resource] })
        t.is(shared[0], 1)
        refuses(t, () => Unix.setOptions(fd, { noDelay: true }), Miou.Closed)
        const result = yield* Miou.await(child)
        isError(t, !result.ok && result.error, Miou.Cancelled)
        checked = true
      }
    })
    yield* Miou.yield()
    yield* Miou.cancel(cancelled)
    t.true(checked)
  }, three)
})
