import { spawn } from 'node:child_process'
import { setTimeout as later } from 'node:timers/promises'
import * as Miou from 'miou'
import { abortSignal, until } from 'miou/node'
import * as Unix from 'miou/unix'
import { test } from '../support/case.js'
import { onOneDomain, settle } from '../support/loopback.js'
import { refuses } from '../support/refusal.js'

onOneDomain(
  'each task has a signal of its own, always the same, which is not aborted where the task returns',
  function* (t) {
    const signal = abortSignal()
    t.is(abortSignal(), signal)
    const child = yield* Miou.async(function* () {
      const own = abortSignal()
      yield* Unix.sleep(1)
      return own
    })
    t.not(child, signal)
    t.false(child.aborted || signal.aborted)
  },
)

onOneDomain(
  'it is aborted when the task is cancelled, with its Cancelled as the reason, and so are those of its children',
  function* (t) {
    const signals: AbortSignal[] = []
    const errors: unknown[] = []
    const body = function* () {
      signals.push(abortSignal())
      try {
        yield* Miou.suspend(Miou.syscall('never'))
      } catch (error) {
        errors.push(error)
        throw error
      }
    }
    const task = Miou.async(function* () {
      const child = Miou.async(body)
      yield* body()
      yield* child
    })
    yield* settle()
    const heard: unknown[] = []
    for (const signal of signals) signal.addEventListener('abort', () => heard.push(signal.reason))
    yield* Miou.cancel(task)
    t.is(signals.length, 2)
    t.true(signals.every((signal) => signal.aborted))
    t.deepEqual(new Set(heard), new Set(errors))
  },
)

onOneDomain('in a task that is cancelled already it is aborted from the start', function* (t) {
  let signal: AbortSignal | undefined
  const task = Miou.async(function* () {
    try {
      yield* Miou.suspend(Miou.syscall('never'))
    } finally {
      signal = abortSignal()
    }
  })
  yield* settle()
  yield* Miou.cancel(task)
  t.true(signal!.aborted)
})

onOneDomain('in a shield it is aborted at the end of the shield', function* (t) {
  const log: string[] = []
  const go = Miou.Trigger.create()
  const task = Miou.async(function* () {
    const signal = abortSignal()
    signal.addEventListener('abort', () => log.push('aborted'))
    yield* Miou.shield(function* () {
      yield* Miou.Trigger.await(go)
      log.push('shielded')
      t.false(abortSignal().aborted)
    })
  })
  yield* settle()
  // It runs when main waits for the cancelled task.
  const later = Miou.async(function* () {
    Miou.Trigger.signal(go)
  })
  yield* Miou.cancel(task)
  yield* later
  t.deepEqual(log, ['shielded', 'aborted'])
})

onOneDomain('who listens is outside of tasks', function* (t) {
  let error: unknown
  const task = Miou.async(function* () {
    abortSignal().addEventListener('abort', () => {
      try {
        Miou.self()
      } catch (thrown) {
        error = thrown
      }
    })
    yield* Miou.suspend(Miou.syscall('never'))
  })
  yield* settle()
  yield* Miou.cancel(task)
  t.true(error instanceof Miou.NotInTask)
  t.is(Miou.self().id, 1)
})

onOneDomain('a process of the system ends with the task that has started it', function* (t) {
  let child: ReturnType<typeof spawn> | undefined
  const task = Miou.async(function* () {
    child = spawn('sleep', ['60'], { signal: abortSignal(), stdio: 'ignore' })
    child.on('error', () => {})
    yield* until(new Promise(() => {}))
  })
  while (child?.pid === undefined) yield* Unix.sleep(1)
  const running = child
  const ended = new Promise((resolve) => running.once('exit', (_, signal) => resolve(signal)))
  yield* Miou.cancel(task)
  t.is(yield* until(ended), 'SIGTERM')
})

onOneDomain('a task that ends by itself leaves its signal alone', function* (t) {
  let done: unknown
  yield* Miou.async(function* () {
    later(1, 'done', { signal: abortSignal() }).then((value) => {
      done = value
    })
  })
  yield* Unix.sleep(5)
  t.is(done, 'done')
})

test('outside of a task it is NotInTask', (t) => {
  refuses(t, () => abortSignal(), Miou.NotInTask)
})
