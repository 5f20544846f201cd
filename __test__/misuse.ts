import * as Miou from 'miou'
import { echo } from './programs/numbers.js'
import { test } from './support/case.js'
import { isError, refuses } from './support/refusal.js'
import { never } from './support/waiting.js'

/*
 * Wrong use of every public function of `miou`: with what it does not take, outside of a task, in the wrong task, on the
 * wrong domain, after the end of the run. A function without a row here fails.
 */

const { Computation, Condition, Lazy, Mutex, Ownership, Queue, Trigger } = Miou

type AnyFunction = (...args: never[]) => unknown

function* nothing(): Generator<Miou.Suspension, void> {}

/** What is wrong wherever a handle, a function or an object is expected. */
const WRONG = [undefined, null, 0, Number.NaN, '', 'text', true, Symbol('s'), {}, [], () => {}]

/** Those of them that are not of these types. */
function but(...allowed: string[]): unknown[][] {
  return WRONG.filter((one) => !allowed.includes(typeof one)).map((one) => [one])
}

interface Row {
  /** Arguments that it does not take. */
  wrong: unknown[][]
  /** What the error says that it takes. */
  takes?: RegExp
  /** Arguments that it takes, for a use outside of tasks. */
  right: () => unknown[]
  /** What such a use comes to: refused, since there is no task, or in another way; nothing where it works. */
  outside?: 'NotInTask' | ((error: unknown) => boolean)
}

const mutexIs = (reason: string) => (error: unknown) => error instanceof Miou.MutexError && error.reason === reason
const resource = () => [Ownership.create('r', () => {})]
const portableMeta = { url: import.meta.url }

const tasks: Record<string, Row> = {
  run: {
    wrong: [
      ...but('function'),
      [nothing, 1],
      [nothing, { domains: -1 }],
      [nothing, { domains: 1.5 }],
      [nothing, { seed: 'x' }],
      [nothing, { quanta: 0 }],
      [nothing, { signal: {} }],
      [nothing, { events: 1 }],
    ],
    right: () => [nothing, { domains: 0 }],
  },
  main: {
    wrong: [
      [undefined, nothing],
      [{}, nothing],
      [{ url: 1 }, nothing],
    ],
    right: () => [portableMeta, nothing],
  },
  async: {
    wrong: [
      ...but('function'),
      [nothing, { give: 1 }],
      [nothing, { give: [1] }],
      [nothing, { give: new Array(1) }],
      [nothing, { name: 1 }],
      [nothing, { orphans: {} }],
    ],
    right: () => [nothing],
    outside: 'NotInTask',
  },
  call: {
    wrong: [
      ...but(),
      [{ name: Object.create(null) }, []],
      [echo, 1],
      [echo, [1], { pin: 0 }],
      [echo, [1], { pin: 'x' }],
      [echo, [1], { pin: 4711 }],
      [echo, [1], { transfer: 1 }],
      [echo, [() => {}]],
      [echo, [Symbol('s')]],
    ],
    right: () => [echo, [1]],
    outside: 'NotInTask',
  },
  parallel: { wrong: [...but(), [echo, 1]], right: () => [echo, [1]], outside: 'NotInTask' },
  portable: {
    wrong: [
      ...but(),
      [portableMeta],
      [portableMeta, 1],
      [portableMeta, nothing, 1],
      [portableMeta, nothing, ''],
      [portableMeta, () => {}],
    ],
    right: () => [portableMeta, function* unused() {}],
  },
  await: { wrong: but(), takes: /task/, right: () => [1], outside: 'NotInTask' },
  awaitExn: { wrong: but(), takes: /task/, right: () => [1], outside: 'NotInTask' },
  awaitAll: {
    wrong: [...but('object'), [[1]], [new Array(2)]],
    takes: /task/,
    right: () => [[]],
    outside: 'NotInTask',
  },
  awaitOne: {
    wrong: [...but('object'), [[]], [[1]], [new Array(2)]],
    takes: /task/,
    right: () => [[]],
    outside: 'NotInTask',
  },
  awaitFirst: {
    wrong: [...but('object'), [[]], [[1]], [new Array(2)]],
    takes: /task/,
    right: () => [[]],
    outside: 'NotInTask',
  },
  cancel: { wrong: but(), takes: /task/, right: () => [1], outside: 'NotInTask' },
  yield: { wrong: [], right: () => [], outside: 'NotInTask' },
  shield: { wrong: but('function'), takes: /function\*/, right: () => [nothing], outside: 'NotInTask' },
  timeout: {
    wrong: [...but('number'), [Number.NaN, nothing], [1], [1, 1], [1, nothing, { give: 1 }], [1, nothing, null]],
    right: () => [1, nothing],
    outside: 'NotInTask',
  },
  self: { wrong: [], right: () => [], outside: 'NotInTask' },
  orphans: { wrong: [], right: () => [] },
  care: { wrong: but(), takes: /orphans\(\)/, right: () => [Miou.orphans()], outside: 'NotInTask' },
  take: { wrong: but(), takes: /orphans\(\)/, right: () => [Miou.orphans()], outside: 'NotInTask' },
  get: { wrong: but(), takes: /orphans\(\)/, right: () => [Miou.orphans()], outside: 'NotInTask' },
  drain: { wrong: but(), takes: /orphans\(\)/, right: () => [Miou.orphans()], outside: 'NotInTask' },
  'Domain.self': { wrong: [], right: () => [] },
  'Domain.available': { wrong: [], right: () => [] },
  'Domain.all': { wrong: [], right: () => [] },
  'Hook.add': { wrong: but('function'), takes: /function/, right: () => [() => {}] },
  'Hook.remove': { wrong: but(), takes: /Hook\.add/, right: () => [Miou.Hook.add(() => {})] },
  print: { wrong: [], right: () => [] },
  tree: { wrong: [], right: () => [], outside: 'NotInTask' },
  'Trace.setReporter': { wrong: but('function', 'undefined'), takes: /function/, right: () => [undefined] },
  protect: {
    wrong: [...but(), [{ finally: 1 }, nothing], [{ finally() {}, onCancellation: 1 }, nothing], [{ finally() {} }, 1]],
    right: () => [{ finally() {} }, nothing],
    outside: 'NotInTask',
  },
}

const ownership: Record<string, Row> = {
  create: { wrong: [['r'], ['r', 1]], takes: /finalises/, right: () => ['r', () => {}] },
  own: { wrong: but(), takes: /Ownership\.create/, right: resource, outside: 'NotInTask' },
  disown: { wrong: but(), takes: /Ownership\.create/, right: resource, outside: 'NotInTask' },
  check: { wrong: but(), takes: /Ownership\.create/, right: resource, outside: 'NotInTask' },
  release: { wrong: but(), takes: /Ownership\.create/, right: resource, outside: 'NotInTask' },
  transfer: { wrong: but(), takes: /Ownership\.create/, right: resource, outside: 'NotInTask' },
}

const created = /\.create/
const named: Row = { wrong: [...but('undefined', 'string'), ['']], takes: /name/, right: () => [] }
const mutex = () => [Mutex.create()]
const both = () => [Condition.create(), Mutex.create()]
const queue = () => [Queue.create()]
const trigger = () => [Trigger.create()]
const cell = () => [Computation.create()]

const synchronisation: Record<string, Row> = {
  'Mutex.create': named,
  'Mutex.lock': { wrong: but(), takes: created, right: mutex, outside: 'NotInTask' },
  'Mutex.unlock': { wrong: but(), takes: created, right: mutex, outside: mutexIs('unlocked') },
  'Mutex.tryLock': { wrong: but(), takes: created, right: mutex },
  'Mutex.lockSync': { wrong: [...but(), mutex()], right: mutex },
  'Mutex.protect': {
    wrong: [...but(), [Mutex.create()], [Mutex.create(), 1]],
    right: () => [...mutex(), nothing],
    outside: 'NotInTask',
  },
  'Condition.create': named,
  'Condition.wait': { wrong: [...but(), [Condition.create(), 1]], right: both, outside: 'NotInTask' },
  'Condition.waitSync': {
    wrong: [...but(), [Condition.create(), 1], both()],
    right: both,
    outside: mutexIs('unlocked'),
  },
  'Condition.signal': { wrong: but(), takes: created, right: () => [Condition.create()] },
  'Condition.broadcast': { wrong: but(), takes: created, right: () => [Condition.create()] },
  'Queue.create': named,
  'Queue.enqueue': {
    wrong: [...but(), [...queue(), () => {}], [...queue(), Symbol('s')]],
    right: () => [...queue(), 1],
  },
  'Queue.dequeue': { wrong: but(), takes: created, right: queue, outside: (error) => error instanceof Miou.Empty },
  'Queue.peek': { wrong: but(), takes: created, right: queue, outside: (error) => error instanceof Miou.Empty },
  'Queue.isEmpty': { wrong: but(), takes: created, right: queue },
  'Queue.length': { wrong: but(), takes: created, right: queue },
  'Queue.toArray': { wrong: but(), takes: created, right: queue },
  'Queue.drop': { wrong: [...but(), queue(), [...queue(), 1]], right: () => [...queue(), () => {}] },
  'Queue.transfer': { wrong: but(), takes: created, right: queue },
  'Lazy.fromValue': { wrong: [], right: () => [1] },
  'Lazy.fromFunction': { wrong: but('function'), takes: /function\*/, right: () => [nothing] },
  'Lazy.force': { wrong: but(), takes: /Lazy\.from/, right: () => [Lazy.fromFunction(nothing)], outside: 'NotInTask' },
  'Trigger.create': { wrong: [], right: () => [] },
  'Trigger.signal': { wrong: but(), takes: created, right: trigger },
  'Trigger.isSignaled': { wrong: but(), takes: created, right: trigger },
  'Trigger.await': { wrong: but(), takes: created, right: trigger, outside: 'NotInTask' },
  'Trigger.onSignal': { wrong: [...but(), trigger(), [...trigger(), 1]], right: () => [...trigger(), () => {}] },
  'Computation.create': { wrong: [], right: () => [] },
  'Computation.tryReturn': { wrong: but(), takes: created, right: () => [...cell(), 1] },
  'Computation.tryCancel': { wrong: but(), takes: created, right: () => [...cell(), new Error('e')] },
  'Computation.tryCapture': {
    wrong: [...but(), [...cell(), 1]],
    right: () => [...cell(), nothing],
    outside: 'NotInTask',
  },
  'Computation.isRunning': { wrong: but(), takes: created, right: cell },
  'Computation.cancelled': { wrong: but(), takes: created, right: cell },
  'Computation.raiseIfErrored': { wrong: but(), takes: created, right: cell },
  'Computation.peek': { wrong: but(), takes: created, right: cell },
  'Computation.tryAttach': { wrong: [...but(), [...cell(), 1]], right: () => [...cell(), ...trigger()] },
  'Computation.detach': { wrong: [...but(), [...cell(), 1]], right: () => [...cell(), ...trigger()] },
  'Computation.await': { wrong: but(), takes: created, right: cell, outside: 'NotInTask' },
  'Computation.awaitExn': { wrong: but(), takes: created, right: cell, outside: 'NotInTask' },
}

/** Of a run that is over: ava takes no case behind an await. */
let kept: Miou.Syscall

const sources: Record<string, Row> = {
  syscall: { wrong: but('undefined', 'string'), takes: /name/, right: () => [], outside: 'NotInTask' },
  suspend: {
    wrong: [...but(), [1, 1]],
    takes: /syscall\(\)/,
    right: () => [kept],
    outside: 'NotInTask',
  },
  signal: {
    wrong: but(),
    takes: /syscall\(\)/,
    right: () => [1],
    outside: (error) => error instanceof Miou.InvalidArgument,
  },
}

const rows = new Map(
  Object.entries({
    ...tasks,
    ...Object.fromEntries(Object.entries(ownership).map(([name, row]) => [`Ownership.${name}`, row])),
    ...synchronisation,
    ...sources,
  }),
)

/** Every public function, by the name that a user writes behind `Miou.`. */
function functions(): Map<string, AnyFunction> {
  const all = new Map<string, AnyFunction>()
  for (const [name, value] of Object.entries(Miou)) {
    if (typeof value === 'object') for (const [inner, fn] of Object.entries(value)) all.set(`${name}.${inner}`, fn)
    else if (!/^class /.test(String(value))) all.set(name, value as AnyFunction)
  }
  return all
}

test('every public function has a row of wrong uses', async (t) => {
  await Miou.run(
    function* () {
      kept = Miou.syscall()
    },
    { domains: 0 },
  )
  t.deepEqual([...rows.keys()].sort(), [...functions().keys()].sort())
})

for (const [name, fn] of functions()) {
  const row = rows.get(name)!
  const short = name.replace(/^.*\./, '')

  test(`${name} refuses what it does not take, and says what it takes`, async (t) => {
    await Miou.run(
      function* () {
        for (const args of row.wrong) {
          let error: unknown
          try {
            // `run` and `main` tell by their promise.
            const given = fn(...(args as never[]))
            if (given instanceof Promise) {
              const settled = given.then(
                () => {},
                (reason) => (error = reason),
              )
              const done = Miou.syscall()
              settled.then(() => Miou.signal(done))
              yield* Miou.suspend(done)
            }
          } catch (thrown) {
            error = thrown
          }
          const shown = args.map((one) => (typeof one === 'symbol' ? 'a symbol' : typeof one)).join(', ')
          t.true(error instanceof Miou.InvalidArgument, `${name}(${shown}): ${String(error)}`)
          isError(t, error, Miou.InvalidArgument, row.takes)
        }
      },
      { domains: 1 },
    )
    t.pass()
  })

  test(`${name} outside of a task ${row.outside === undefined ? 'works' : 'says what is missing'}`, async (t) => {
    const use = () => fn(...(row.right() as never[]))
    if (row.outside === undefined) await use()
    else if (row.outside === 'NotInTask') {
      const error = refuses(t, use, Miou.NotInTask, /body of a task/)
      t.true(error.message.includes(short), error.message)
    } else {
      const error = t.throws(use)
      t.true(row.outside(error), String(error))
    }
    t.pass()
  })
}

test('in the wrong task: only the parent awaits and cancels, only the owner uses, one task alone waits', async (t) => {
  await Miou.run(
    function* () {
      const sibling = Miou.async(never)
      const s = Miou.syscall('mine')
      const r = Ownership.create('r', () => {})
      Ownership.own(r)
      const o = Miou.orphans<void>()
      Miou.care(o)
      const m = Mutex.create('held by main')
      using _ = yield* Mutex.lock(m)
      const stranger = Miou.async(function* () {
        const not = (use: () => unknown) => refuses(t, use, Miou.NotAChild, /only the task that spawned it/)
        not(() => Miou.await(sibling))
        not(() => Miou.awaitExn(sibling))
        not(() => Miou.awaitAll([sibling]))
        not(() => Miou.awaitOne([sibling]))
        not(() => Miou.awaitFirst([sibling]))
        not(() => Miou.cancel(sibling))
        not(() => Miou.await(Miou.self()))
        const notMine = (use: () => unknown) => refuses(t, use, Miou.NotOwner, /task 1 \(main\)|does not own/)
        notMine(() => Ownership.check(r))
        notMine(() => Ownership.disown(r))
        notMine(() => Ownership.release(r))
        notMine(() => Ownership.transfer(r))
        const invalid = (use: () => unknown, says: RegExp) => refuses(t, use, Miou.InvalidArgument, says)
        invalid(() => Ownership.own(r), /owns the resource already/)
        invalid(() => Miou.async(nothing, { give: [r] }), /only its owner may give it/)
        invalid(() => Miou.call(echo, [1], { give: [r] }), /only its owner may give it/)
        const theirs = /^The given orphans is owned by another promise$/
        invalid(() => Miou.care(o), theirs)
        invalid(() => Miou.take(o), theirs)
        invalid(() => Miou.get(o), theirs)
        invalid(() => Miou.drain(o), theirs)
        invalid(() => Miou.async(nothing, { orphans: o }), theirs)
        invalid(() => Miou.suspend(s), /task/)
        isError(
          t,
          t.throws(() => Mutex.unlock(m)),
          Miou.MutexError,
          /only who holds it/,
        )
        isError(
          t,
          t.throws(() => Condition.wait(Condition.create(), m)),
          Miou.MutexError,
          /lock it first/,
        )
      })
      yield* stranger
      yield* Miou.cancel(sibling)
      Ownership.disown(r)
    },
    { domains: 1 },
  )
})

test('on the wrong domain: what stays at home is refused at the call, by its name, and nothing has moved', async (t) => {
  await Miou.run(
    function* () {
      const given = Ownership.create('r', () => {})
      Ownership.own(given)
      const child = Miou.async(never)
      const home: [unknown, RegExp][] = [
        [child, /task/],
        [Miou.self(), /task/],
        [Miou.orphans(), /collector/],
        [Miou.syscall(), /syscall/],
        [Miou.Hook.add(() => {}), /hook/],
        [nothing, /function/],
        [given, /resource|owned/],
        [Lazy.fromFunction(nothing), /portable/],
      ]
      for (const [value, says] of home) {
        for (const args of [[value], [{ deep: [value] }]])
          refuses(t, () => Miou.call(echo, args as never), Miou.InvalidArgument, says)
        refuses(t, () => Queue.enqueue(Queue.create(), value), Miou.InvalidArgument, says)
      }
      yield* Miou.cancel(child)
      Ownership.disown(given)
    },
    { domains: 1 },
  )
})

test('after the end of the run: tasks, collectors and syscalls of it are refused; what belongs to the process goes on', async (t) => {
  const left = await Miou.run(
    function* () {
      const task = Miou.async(nothing)
      yield* task
      const collector = Miou.orphans<void>()
      Miou.care(collector)
      const r = Ownership.create('r', () => {})
      const m = Mutex.create()
      const keep = {
        task,
        collector,
        r,
        m,
        s: Miou.syscall(),
        q: Queue.create<number>(),
        cell: Computation.create<number>(),
      }
      return () => keep
    },
    { domains: 0 },
  )
  const { task, collector, r, m, s, q, cell } = left()
  t.is(task.state, 'finished')
  // A callback may come late.
  Miou.signal(s)
  await Miou.run(
    function* () {
      for (const use of [
        () => Miou.await(task),
        () => Miou.awaitExn(task),
        () => Miou.awaitAll([task]),
        () => Miou.awaitOne([task]),
        () => Miou.awaitFirst([task]),
        () => Miou.cancel(task),
      ]) {
        refuses(t, use, Miou.NotAChild, /another run/)
      }
      for (const use of [
        () => Miou.care(collector),
        () => Miou.take(collector),
        () => Miou.get(collector),
        () => Miou.drain(collector),
        () => Miou.async(nothing, { orphans: collector }),
        () => Miou.suspend(s),
      ]) {
        refuses(t, use, Miou.InvalidArgument)
      }
      Ownership.own(r)
      Ownership.release(r)
      yield* Mutex.protect(m, nothing)
      Queue.enqueue(q, 1)
      t.is(Queue.dequeue(q), 1)
      t.true(Computation.tryReturn(cell, 1))
    },
    { domains: 0 },
  )
})

test('a body that returns no operation is refused wherever a body is taken', async (t) => {
  const bodies: [string, () => unknown][] = [
    ['a number', () => 1],
    ['nothing', () => undefined],
    ['an async function', async () => 1],
    ['a bare object', () => Object.create(null)],
  ]
  await Miou.run(
    function* () {
      for (const [name, given] of bodies) {
        const body = given as Miou.Body<unknown>
        const cell = Computation.create()
        const users: Record<string, () => Miou.Operation<unknown>> = {
          async: () => Miou.async(body),
          timeout: () => Miou.timeout(1000, body),
          shield: () => Miou.shield(body),
          protect: () => Miou.protect({ finally() {} }, body),
          'Mutex.protect': () => Mutex.protect(Mutex.create(), body),
          'Lazy.force': () => Lazy.force(Lazy.fromFunction(body)),
          *tryCapture() {
            yield* Computation.tryCapture(cell, body)
            Computation.raiseIfErrored(cell)
          },
        }
        for (const [user, use] of Object.entries(users)) {
          let error: unknown = `${name} in ${user} was taken`
          try {
            yield* use()
          } catch (thrown) {
            error = thrown
          }
          isError(t, error, Miou.InvalidArgument, /must be a function\* or return an operation/)
        }
      }
    },
    { domains: 0 },
  )
})

test('a finaliser or a clean-up that calls a function* is told that nothing of it has run', async (t) => {
  await Miou.run(
    function* () {
      const cleanUp = function* () {
        t.fail('this runs')
        yield* Miou.yield()
      }
      const resource = Ownership.create(1, () => cleanUp())
      Ownership.own(resource)
      refuses(t, () => Ownership.release(resource), Miou.InvalidArgument, /the finaliser returned a generator/)
      const guarded = Miou.async(() => Miou.protect({ finally: () => cleanUp() }, nothing))
      const failed = yield* Miou.await(guarded)
      t.true(!failed.ok && failed.error instanceof Miou.FinallyRaised)
      t.true(!failed.ok && (failed.error as Error).cause instanceof Miou.InvalidArgument)
    },
    { domains: 0 },
  )
})

test('a function* is refused where a function is only called: nobody would run it', async (t) => {
  await Miou.run(
    function* () {
      const calls: [string, () => unknown][] = [
        ['Ownership.create', () => Ownership.create(1, nothing)],
        ['finally', () => Miou.protect({ finally: nothing }, nothing)],
        ['onCancellation', () => Miou.protect({ finally() {}, onCancellation: nothing }, nothing)],
        ['Hook.add', () => Miou.Hook.add(nothing)],
        ['Trigger.onSignal', () => Trigger.onSignal(Trigger.create(), nothing)],
        ['Queue.drop', () => Queue.drop(Queue.create(), nothing)],
        ['suspend', () => Miou.suspend(Miou.syscall(), nothing)],
        ['Trace.setReporter', () => Miou.Trace.setReporter(nothing)],
      ]
      for (const [, call] of calls) refuses(t, call, Miou.InvalidArgument, /no function\*/)
      const others: unknown[] = [Miou.portable(portableMeta, function* work() {}), async function* () {}]
      for (const fn of others) refuses(t, () => Miou.Hook.add(fn as () => void), Miou.InvalidArgument, /no function\*/)
      yield* Miou.yield()
    },
    { domains: 0 },
  )
})
