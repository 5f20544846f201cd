import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { count, domainOf, echo, hang, lives } from './programs/numbers.js'
import { inner } from './programs/nested.js'
import { test } from './support/case.js'
import { Process } from './support/process.js'
import { isError, rejects } from './support/refusal.js'
import { never, promised, reaches, until, words } from './support/waiting.js'

const alone = { domains: 0 }
const three = { domains: 3 }

test('run resolves with what main returns, and rejects with what it throws', async (t) => {
  const value = { a: 1 }
  t.is(await Miou.run(() => echo(value), alone), value)
  const error = new Error('main')
  t.is(
    await rejects(
      t,
      Miou.run(() => {
        throw error
      }, alone),
      Error,
    ),
    error,
  )
  await rejects(t, Miou.run((async () => {}) as never, alone), Miou.InvalidArgument, /function\*/)
})

test('wrong options are refused with a sentence', async (t) => {
  const main = (): Generator<never, void> => (function* () {})()
  await rejects(t, Miou.run(1 as never), Miou.InvalidArgument, /function\*/)
  await rejects(t, Miou.run(undefined as never), Miou.InvalidArgument, /function\*/)
  await rejects(t, Miou.run(main, 1 as never), Miou.InvalidArgument, /options/)
  await rejects(t, Miou.run(main, null as never), Miou.InvalidArgument, /options/)
  const wrong: [Miou.RunOptions, RegExp][] = [
    [{ quanta: 0 }, /quanta/],
    [{ quanta: 1.5 }, /quanta/],
    [{ seed: 1.5 }, /seed/],
    [{ seed: 'x' as never }, /seed/],
    [{ signal: {} as never }, /AbortSignal/],
    [{ events: 1 as never }, /events/],
    [{ events: (() => ({ select: () => [] })) as never, domains: 1 }, /portable/],
  ]
  for (const [options, says] of wrong)
    await rejects(t, Miou.run(main, { domains: 0, ...options }), Miou.InvalidArgument, says)
})

test('the environment sets domains, quanta and seed; garbage counts as unset', async (t) => {
  const { env } = process
  const before = { ...env }
  try {
    env.MIOU_DOMAINS = '2'
    t.is(await Miou.run(() => available()), 2)
    t.is(await Miou.run(() => available(), alone), 0, 'an option goes first')
    env.MIOU_SEED = '5'
    const choices = await Miou.run(() => choose())
    t.deepEqual(await Miou.run(() => choose()), choices)
    t.deepEqual(await Miou.run(() => choose(), { seed: 5 }), choices)
    for (const garbage of ['', 'x', '1.5', '-3']) {
      env.MIOU_DOMAINS = garbage
      env.MIOU_QUANTA = garbage
      t.true((await Miou.run(() => available())) >= 0)
    }
  } finally {
    for (const name of ['MIOU_DOMAINS', 'MIOU_SEED', 'MIOU_QUANTA']) {
      if (before[name] === undefined) delete env[name]
      else env[name] = before[name]
    }
  }
})

function* available(): Generator<never, number> {
  return Miou.Domain.available()
}

function* choose(): Generator<Miou.Suspension, unknown[]> {
  const choices: unknown[] = []
  for (let i = 0; i < 10; i++) {
    const tasks = [1, 2, 3, 4].map((n) => Miou.async(() => echo(n)))
    yield* until(() => tasks.every((task) => task.state === 'finished'))
    const first = yield* Miou.awaitFirst(tasks)
    choices.push(first.ok && first.value)
  }
  return choices
}

test('runs may follow one another, and warm domains are used again', async (t) => {
  const seen = new Set<number>()
  for (let i = 0; i < 20; i++) seen.add(await Miou.run(() => Miou.call(domainOf, []), { domains: 1 }))
  t.true(seen.size <= 8, `${seen.size} domains for 20 runs`)
})

test('runs may be beside each other, each with its own tasks, ids and errors', async (t) => {
  const shared = words(2)
  const runs = Array.from({ length: 10 }, (_, n) =>
    Miou.run(
      function* () {
        t.is(Miou.self().id, 1)
        const child = Miou.call(count, [shared, 0])
        yield* Unix.sleep(n % 3)
        yield* child
        if (n % 5 === 4) Miou.async(never)
        if (n % 5 === 3) throw new Error(`run ${n}`)
        return n
      },
      { domains: (n % 3) + 1 },
    ),
  )
  for (const [n, outcome] of (await Promise.allSettled(runs)).entries()) {
    if (n % 5 === 4) isError(t, (outcome as PromiseRejectedResult).reason, Miou.StillHasChildren)
    else if (n % 5 === 3) isError(t, (outcome as PromiseRejectedResult).reason, Error, /^run/)
    else t.is((outcome as PromiseFulfilledResult<number>).value, n)
  }
  t.is(shared[0], 10)
})

test('a task of another run beside it is no child', async (t) => {
  let other: Miou.Task<number> | undefined
  const first = Miou.run(function* () {
    other = Miou.async(() => echo(1))
    yield* Unix.sleep(5)
    return yield* other
  }, alone)
  const second = Miou.run(function* () {
    yield* until(() => other !== undefined)
    return yield* other!
  }, alone)
  await rejects(t, second, Miou.NotAChild)
  t.is(await first, 1)
})

test('a program that comes as text has domains too, whatever Node is told that it is', async (t) => {
  const numbers = new URL('./programs/numbers.js', import.meta.url).href
  const body = `import('miou').then(async ({ run, call }) => {
    const { echo } = await import(${JSON.stringify(numbers)})
    console.log(await run(() => call(echo, ['from text']), { domains: 1 }))
  })`
  for (const type of [[], ['--input-type=module'], ['--input-type=commonjs'], ['--input-type', 'module']]) {
    const { code, stdout, stderr } = await new Process(t, process.execPath, [...type, '-e', body]).ended
    t.is(stdout, 'from text\n', stderr)
    t.is(code, 0)
  }
})

test('a run within a task of another run, here and on another domain', async (t) => {
  await Miou.run(function* () {
    t.is(yield* promised(Miou.run(() => echo(1), alone)), 1)
    const nested = Miou.run(() => Miou.awaitAll([Miou.call(domainOf, []), Miou.call(domainOf, [])]), { domains: 2 })
    const results = yield* promised(nested)
    t.true(results.every((result) => result.ok && result.value > 0 && !Miou.Domain.all().includes(result.value)))
    t.is(Miou.Domain.self(), 0)
    t.deepEqual(yield* Miou.call(inner, [0]), [0, 1])
    const [own, called] = yield* Miou.call(inner, [1])
    t.is(own, 0, 'domain 0 of its own run')
    t.true(called! > 0)
  }, three)
})

test('a nested run that fails is a rejection, and nothing more', async (t) => {
  t.is(
    await Miou.run(function* () {
      const nested = Miou.run(function* () {
        Miou.async(never)
      }, alone)
      try {
        yield* promised(nested)
        return 'no'
      } catch (error) {
        isError(t, error, Miou.StillHasChildren)
        return 'on'
      }
    }, alone),
    'on',
  )
})

/* Fatal errors. */

test('a fatal error cancels every other task of the run, on all domains, with it as the cause', async (t) => {
  const shared = words(2)
  const causes: unknown[] = []
  const run = Miou.run(function* () {
    Miou.call(lives, [shared, 0, 1])
    Miou.call(lives, [shared, 0, 1])
    Miou.async(function* () {
      try {
        yield* never()
      } catch (error) {
        causes.push(isError(t, error, Miou.Cancelled).cause)
        throw error
      }
    })
    yield* reaches(shared, 0, 2)
    const fatal = Miou.async(function* () {
      Miou.async(never)
      yield* Miou.yield()
    })
    try {
      yield* fatal
    } catch (error) {
      causes.push(isError(t, error, Miou.Cancelled).cause)
    }
    return 'main went on'
  }, three)
  const error = await rejects(t, run, Miou.StillHasChildren)
  t.deepEqual(
    causes.map((cause) => cause === error),
    [true, true],
  )
  t.is(shared[1], 2)
})

test('no task can stop a fatal error, also where it was not the first', async (t) => {
  const run = Miou.run(function* () {
    for (let i = 0; i < 3; i++) {
      Miou.async(function* () {
        Miou.async(never, { name: `left ${i}` })
        yield* Miou.yield()
      })
    }
    for (;;) {
      try {
        yield* never()
      } catch {
        return 'stopped it'
      }
    }
  }, alone)
  await rejects(t, run, Miou.StillHasChildren, /left 0/)
})

test('a fatal error wins over what main throws meanwhile, and over what it had thrown', async (t) => {
  const run = Miou.run(function* () {
    Miou.async(function* () {
      Miou.async(never)
      yield* Miou.yield()
    })
    try {
      yield* never()
    } finally {
      // biome-ignore lint/correctness/noUnsafeFinally: it is what the case is about
      throw new Error('main')
    }
  }, alone)
  await rejects(t, run, Miou.StillHasChildren)
})

test('a run after a fatal one is as any other, on the same domains', async (t) => {
  for (let i = 0; i < 5; i++) {
    await rejects(
      t,
      Miou.run(function* () {
        Miou.call(hang, [])
        yield* Miou.yield()
      }, three),
      Miou.StillHasChildren,
    )
    t.is(await Miou.run(() => Miou.call(echo<number>, [i]), three), i)
  }
})

test('a run that ends while others of its domains still compute waits for them', async (t) => {
  const shared = words(2)
  const run = Miou.run(function* () {
    Miou.call(lives, [shared, 0, 1])
    yield* reaches(shared, 0)
    throw new Error('main')
  }, three)
  await rejects(t, run, Error, /^main$/)
  t.is(shared[1], 1)
})

test('the same seed makes the same choices in runs of as many domains, whatever runs there were before', async (t) => {
  const choices = (domains: number): Promise<number[]> =>
    Miou.run(
      function* () {
        const chosen: number[] = []
        for (let i = 0; i < 20; i++) chosen.push(yield* Miou.call(domainOf, []))
        return chosen
      },
      { domains, seed: 7 },
    )
  const [first, ofTwo] = [await choices(3), await choices(2)]
  t.is(new Set(first).size, 3)
  t.deepEqual(await choices(2), ofTwo)
  await choices(1)
  t.deepEqual(await choices(3), first)
})

test('memory: what one run has made is gone with it', async (t) => {
  const refs: WeakRef<object>[] = []
  await Miou.run(function* () {
    const big = { big: new Uint8Array(1 << 20) }
    refs.push(new WeakRef(big))
    const child = Miou.async(() => echo(big))
    refs.push(new WeakRef(child))
    yield* child
    yield* Miou.call(echo, [1])
  }, three)
  const gc = (globalThis as { gc?: () => void }).gc ?? (await exposedGc())
  for (let i = 0; i < 20 && refs.some((ref) => ref.deref() !== undefined); i++) {
    await new Promise((resolve) => setTimeout(resolve, 5))
    gc()
  }
  t.deepEqual(
    refs.map((ref) => ref.deref() === undefined),
    [true, true],
  )
})

async function exposedGc(): Promise<() => void> {
  const { setFlagsFromString } = await import('node:v8')
  const { runInNewContext } = await import('node:vm')
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc')
}
