import { once } from 'node:events'
import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { signalsThere } from './programs/signals.js'
import { test } from './support/case.js'
import { logged } from './support/logged.js'
import { program } from './support/process.js'
import { isError, refuses, rejects } from './support/refusal.js'
import { never, promised, until } from './support/waiting.js'

const alone = { domains: 0 }
const signal = 'SIGUSR2'

/** Sends this process a signal. */
function kill(): void {
  process.kill(process.pid, signal)
}

test('a handler is the body of a task on domain 0, which may wait', async (t) => {
  await Miou.run(function* () {
    const m = Miou.Mutex.create()
    yield* Miou.Mutex.lock(m)
    const seen: unknown[] = []
    Unix.sysSignal(signal, function* () {
      seen.push(Miou.Domain.self(), Miou.self().id > 1)
      using _ = yield* Miou.Mutex.lock(m)
      yield* Unix.sleep(1)
      seen.push(
        yield* Miou.async(function* () {
          return 'a child'
        }),
      )
    })
    kill()
    yield* until(() => seen.length === 2)
    yield* Unix.sleep(2)
    t.is(seen.length, 2, 'it waits for the mutex')
    Miou.Mutex.unlock(m)
    yield* until(() => seen.length === 3)
    t.deepEqual(seen, [0, true, 'a child'])
  }, alone)
})

test('X46: a plain function will do; what a handler throws is logged only, and the run goes on', async (t) => {
  const log = await logged(() =>
    Miou.run(function* () {
      let calls = 0
      Unix.sysSignal(signal, () => {
        calls++
      })
      kill()
      yield* until(() => calls === 1)
      Unix.sysSignal(signal, function* () {
        calls++
        yield* Miou.yield()
        throw new Error('from a handler')
      })
      kill()
      yield* until(() => calls === 2)
      kill()
      yield* until(() => calls === 3)
      yield* Unix.sleep(1)
    }, alone),
  )
  t.is(log.match(/from a handler/g)?.length, 2)
})

test('X46: the previous behaviour is returned', async (t) => {
  await Miou.run(function* () {
    const handler = (): void => {}
    t.is(Unix.sysSignal(signal, handler), 'default')
    t.is(Unix.sysSignal(signal, 'ignore'), handler)
    t.is(Unix.sysSignal(signal, 'default'), 'ignore')
    t.is(Unix.sysSignal(signal, 'default'), 'default')
  }, alone)
})

test('an ignored signal does nothing', async (t) => {
  await Miou.run(function* () {
    Unix.sysSignal(signal, 'ignore')
    kill()
    yield* Unix.sleep(10)
    t.pass()
  }, alone)
})

test('the end of the run restores what was before; listeners of the program are kept beside it', async (t) => {
  let heard = 0
  const listener = (): void => {
    heard++
  }
  process.on(signal, listener)
  try {
    let handled = 0
    await Miou.run(function* () {
      t.is(
        Unix.sysSignal(signal, () => void handled++),
        'default',
      )
      kill()
      yield* until(() => handled === 1 && heard === 1)
    }, alone)
    t.deepEqual(process.listeners(signal), [listener])
    kill()
    while (heard < 2) await new Promise((resolve) => setTimeout(resolve, 1))
    t.is(handled, 1)
  } finally {
    process.off(signal, listener)
  }
})

test('a handler’s task belongs to the run, and is cancelled when main ends', async (t) => {
  const log: string[] = []
  await Miou.run(function* () {
    let began = false
    Unix.sysSignal(signal, function* () {
      began = true
      try {
        yield* never()
      } catch (error) {
        isError(t, error, Miou.Cancelled)
        throw error
      } finally {
        log.push('unwound')
      }
    })
    kill()
    yield* until(() => began)
  }, alone)
  t.deepEqual(log, ['unwound'])
})

test('signals that come while a handler runs each begin a task', async (t) => {
  await Miou.run(function* () {
    let running = 0
    let on = true
    Unix.sysSignal(signal, function* () {
      running++
      yield* until(() => !on)
      running--
    })
    for (let i = 1; i <= 3; i++) {
      kill()
      yield* until(() => running === i)
    }
    on = false
    yield* until(() => running === 0)
    t.pass()
  }, alone)
})

test('a handler may transfer nothing, and be awaited by nobody', async (t) => {
  await Miou.run(function* () {
    let seen: unknown
    Unix.sysSignal(signal, function* () {
      const resource = Miou.Ownership.create(1, () => {})
      Miou.Ownership.own(resource)
      seen = refuses(t, () => Miou.Ownership.transfer(resource), Miou.InvalidArgument)
      Miou.Ownership.disown(resource)
    })
    kill()
    yield* until(() => seen !== undefined)
  }, alone)
})

test('a handler that breaks a rule ends the run', async (t) => {
  const run = Miou.run(function* () {
    Unix.sysSignal(signal, function* () {
      Miou.async(never)
    })
    kill()
    yield* never()
  }, alone)
  await rejects(t, run, Miou.StillHasChildren, /SIGUSR2/)
})

test('a signal wakes a domain that sleeps, also where nothing else does', async (t) => {
  await Miou.run(function* () {
    const m = Miou.Mutex.create()
    const c = Miou.Condition.create()
    let stopping = false
    Unix.sysSignal(signal, () => {
      stopping = true
      Miou.Condition.broadcast(c)
    })
    setTimeout(kill, 5)
    using _ = yield* Miou.Mutex.lock(m)
    while (!stopping) yield* Miou.Condition.wait(c, m)
    t.pass()
  }, alone)
})

test('sysSignal works on domain 0 of the main thread, in a task, for signals that can be caught', async (t) => {
  refuses(t, () => Unix.sysSignal(signal, 'ignore'), Miou.NotInTask)
  await Miou.run(
    function* () {
      for (const wrong of ['SIGKILL', 'SIGSTOP', 'SIGNOTHING', '', 1, undefined]) {
        refuses(t, () => Unix.sysSignal(wrong as never, 'ignore'), Miou.InvalidArgument, /signal/)
      }
      for (const wrong of [undefined, null, 1, 'other']) {
        refuses(t, () => Unix.sysSignal(signal, wrong as never), Miou.InvalidArgument, /behaviour/)
      }
      t.regex(yield* Miou.call(signalsThere, [signal]), /main thread/)
    },
    { domains: 1 },
  )
})

test('a second run may handle a signal after the first, and two runs may each ask', async (t) => {
  for (let i = 0; i < 3; i++) {
    let handled = 0
    await Miou.run(function* () {
      t.is(
        Unix.sysSignal(signal, () => void handled++),
        'default',
      )
      kill()
      yield* until(() => handled === 1)
    }, alone)
  }
  t.is(process.listenerCount(signal), 0)
})

test('the end of a nested run restores what the run around it has said', async (t) => {
  await Miou.run(function* () {
    const handled: string[] = []
    const outer = (): void => void handled.push('outer')
    Unix.sysSignal(signal, outer)
    for (const behaviour of [() => void handled.push('inner'), 'ignore'] as const) {
      const inner = Miou.run(function* () {
        t.is(Unix.sysSignal(signal, behaviour), outer)
        kill()
        if (behaviour !== 'ignore') yield* until(() => handled.includes('inner'))
      }, alone)
      yield* promised(inner)
    }
    handled.length = 0
    kill()
    yield* until(() => handled.length > 0)
    t.deepEqual(handled, ['outer'])
    t.is(Unix.sysSignal(signal, 'default'), outer)
  }, alone)
  t.is(process.listenerCount(signal), 0)
})

test('a signal that comes once main is over starts nothing: the run ends when what was there has unwound', async (t) => {
  let started = 0
  let unwinding = (): void => {}
  const unwinds = new Promise<void>((resolve) => {
    unwinding = resolve
  })
  let go = (): void => {}
  const run = Miou.run(function* () {
    Unix.sysSignal(signal, function* () {
      started++
      try {
        yield* never()
      } finally {
        yield* Miou.shield(function* () {
          const done = Miou.syscall('done')
          go = () => Miou.signal(done)
          unwinding()
          yield* Miou.suspend(done)
        })
      }
    })
    kill()
    yield* until(() => started === 1)
    return 'main'
  }, alone)
  await unwinds
  const came = once(process, signal)
  kill()
  await came
  go()
  t.is(await run, 'main')
  t.is(started, 1)
})

test('SIGINT and SIGTERM reach a program whose domains are all asleep, and it ends in order', async (t) => {
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    const child = program(t, 'until-signaled')
    t.is(await child.line(0), 'ready')
    child.kill(name)
    const { code, stdout } = await child.ended
    t.is(code, 0)
    t.is(stdout, `ready\n${name}\n`)
  }
})
