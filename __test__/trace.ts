import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { dies } from './programs/dying.js'
import { echo, lives } from './programs/numbers.js'
import { tells, told as early } from './programs/reporting.js'
import { branches, events, notes, reported, reportsHere, stopsReporting } from './programs/traced.js'
import { afterEach, test } from './support/case.js'
import { logged } from './support/logged.js'
import { isError } from './support/refusal.js'
import { words } from './support/waiting.js'

const alone = { domains: 0 }

afterEach(() => Miou.Trace.setReporter(undefined))

/** What happens to one task while `body` runs as main: the types of its events. */
async function traced(id: number, body: Miou.Body<unknown>): Promise<string> {
  const types: string[] = []
  await Miou.run(function* () {
    Miou.Trace.setReporter((event) => {
      if (event.id === id) types.push(event.type)
    })
    yield* body()
  }, alone)
  return types.join(' ')
}

test('a task is traced from its spawn to its end: each slice, each wait, each time that it lets others run', async (t) => {
  const waits = function* (): Generator<Miou.Suspension, void> {
    yield* Miou.async(function* () {
      yield* Unix.sleep(1)
      yield* Miou.yield()
    })
  }
  t.is(await traced(2, waits), 'spawn begin await end begin resume yield end begin done end')
  t.is(await traced(1, waits), 'await end begin resume done end')
})

test('every operation that waits tells so, suspend with its name; one that is over at once does not', async (t) => {
  const nothing = function* (): Generator<never, void> {}
  const one = (): Miou.Task<void> => Miou.async(() => Miou.yield())
  const waits: [string, () => Miou.Operation<unknown>][] = [
    ['awaitOne', () => Miou.awaitOne([one()])],
    ['awaitFirst', () => Miou.awaitFirst([one()])],
    ['awaitAll', () => Miou.awaitAll([one()])],
    ['timeout', () => Miou.timeout(1000, one)],
    ['sleep', () => Unix.sleep(1)],
  ]
  for (const [name, wait] of waits) {
    t.is(await traced(1, wait), 'await end begin resume done end', name)
  }
  t.is(await traced(1, () => Miou.Mutex.protect(Miou.Mutex.create(), nothing)), 'done end')
  t.is(
    await traced(1, function* () {
      const syscall = Miou.syscall('named')
      yield* Miou.suspend(syscall, () => setImmediate(Miou.signal, syscall))
    }),
    'suspend end begin continue done end',
  )
})

test('a wait that is cancelled is over, too; what is cancelled before it waits never did', async (t) => {
  const ending = function* (): Generator<Miou.Suspension, void> {
    const child = Miou.async(() => Miou.suspend(Miou.syscall('named')))
    yield* Miou.yield()
    yield* Miou.cancel(child)
  }
  t.is(await traced(2, ending), 'spawn begin suspend end cancel continue begin cancelled done end')
  const switching = function* (): Generator<Miou.Suspension, void> {
    const child = Miou.async(function* () {
      const m = Miou.Mutex.create()
      for (;;) {
        yield* Miou.Mutex.lock(m)
        Miou.Mutex.unlock(m)
      }
    })
    yield* Miou.yield()
    yield* Miou.cancel(child)
  }
  t.is(await traced(2, switching), 'spawn begin end cancel begin cancelled done end')
})

test('what happens on a domain before the module of the reporter is there is told, before the run is over', async (t) => {
  Miou.Trace.setReporter(tells)
  let id = 0
  await Miou.run(
    function* () {
      const called = Miou.call(echo, [1])
      id = called.id
      yield* Miou.cancel(called)
    },
    { domains: 1 },
  )
  const types = Miou.Queue.toArray(early).flatMap((event) => (event.id === id ? [event.type] : []))
  t.deepEqual(types.filter((type) => type === 'spawn' || type === 'done').sort(), ['done', 'spawn'])
})

test('attach is told where a task owns what nobody did, detach where it lets go for nobody: not for give and transfer', async (t) => {
  const told: string[] = []
  const names = new Map<number, string>()
  await Miou.run(function* () {
    const make = (name: string): Miou.Resource => {
      const resource = Miou.Ownership.create(name, () => {})
      names.set((resource as unknown as { id: number }).id, name)
      return resource
    }
    const [given, transferred, disowned, released, finalised] = [
      'given',
      'transferred',
      'disowned',
      'released',
      'finalised',
    ].map(make) as Miou.Resource[]
    Miou.Trace.setReporter((event) => {
      if (event.type === 'attach' || event.type === 'detach')
        told.push(`${event.id} ${event.type} ${names.get(event.resource) ?? 'a socket'}`)
    })
    Miou.Ownership.own(given!)
    yield* Miou.async(
      function* () {
        Miou.Ownership.own(transferred!)
        yield* Miou.Ownership.transfer(transferred!)
        Miou.Ownership.release(given!)
      },
      { give: [given!] },
    )
    Miou.Ownership.disown(transferred!)
    Miou.Ownership.own(disowned!)
    Miou.Ownership.disown(disowned!)
    Miou.Ownership.own(released!)
    Miou.Ownership.release(released!)
    const failing = Miou.async(function* () {
      Miou.Ownership.own(finalised!)
      throw new Error('fails')
    })
    yield* Miou.await(failing)
    Unix.Ownership.close(Unix.Ownership.tcpv4())
  }, alone)
  t.deepEqual(told, [
    '1 attach given',
    '2 attach transferred',
    '2 detach given',
    '1 detach transferred',
    '1 attach disowned',
    '1 detach disowned',
    '1 attach released',
    '1 detach released',
    '3 attach finalised',
    '1 attach a socket',
    '1 detach a socket',
  ])
})

test('main and the handler of a signal are spawned by nobody', async (t) => {
  const told: string[] = []
  Miou.Trace.setReporter((event) => {
    if (event.type === 'spawn') told.push(`${event.id} ${event.name} ${event.parent}`)
  })
  await Miou.run(function* () {
    const handled = Miou.syscall()
    Unix.sysSignal('SIGUSR1', () => Miou.signal(handled))
    process.kill(process.pid, 'SIGUSR1')
    yield* Miou.suspend(handled)
    yield* Miou.async(function* () {}, { name: 'child' })
  }, alone)
  t.deepEqual(told, ['1 undefined 0', '2 SIGUSR1 0', '3 child 1'])
})

test('notOwner is told by whatever needs the resource', async (t) => {
  const told: string[] = []
  await Miou.run(function* () {
    const resource = Miou.Ownership.create('r', () => {})
    const { check, disown, release, transfer } = Miou.Ownership
    Miou.Trace.setReporter((event) => {
      if (event.type === 'notOwner')
        told.push(`${event.id} ${event.resource === (resource as unknown as { id: number }).id}`)
    })
    yield* Miou.async(function* () {
      for (const use of [check, disown, release, transfer])
        t.throws(() => use(resource), { instanceOf: Miou.NotOwner, message: /own it first/ })
    })
  }, alone)
  t.deepEqual(told, ['2 true', '2 true', '2 true', '2 true'])
})

test('a reporter may cancel the run, by its signal, whatever it is told: all unwinds, and no wait ends early', async (t) => {
  for (let at = 0, over = false; !over; at++) {
    const controller = new AbortController()
    const shared = words(2)
    let told = 0
    let slept = 0
    Miou.Trace.setReporter(() => {
      if (told++ === at) controller.abort()
    })
    const body = function* (): Generator<Miou.Suspension, void> {
      try {
        yield* Miou.async(() => Miou.yield())
        const resource = Miou.Ownership.create('r', () => {})
        Miou.Ownership.own(resource)
        Miou.Ownership.disown(resource)
        const called = Miou.call(lives, [shared, 0, 1], { pin: Miou.Domain.all()[1]! })
        const syscall = Miou.syscall('due')
        yield* Miou.suspend(syscall, () => setImmediate(Miou.signal, syscall))
        yield* Miou.cancel(called)
      } finally {
        const start = performance.now()
        try {
          yield* Miou.shield(() => Unix.sleep(2))
        } finally {
          slept = performance.now() - start
        }
      }
    }
    await Miou.run(body, { domains: 1, signal: controller.signal }).catch((error) =>
      isError(t, error, Miou.Cancelled, /cancelled/),
    )
    over = told <= at
    t.is(shared[0], shared[1], `cancelled at event ${at}`)
    // Cancelled before it began, it does not get there.
    t.true(slept >= 2 || at < 2, `cancelled at event ${at}, slept ${slept} ms`)
  }
})

test('X53: every task that is spawned is done, and every cancel is followed by what it was for, on all domains', async (t) => {
  await Miou.run(
    function* () {
      Miou.Trace.setReporter(notes)
      yield* branches(2)
      Miou.Trace.setReporter(undefined)
    },
    { domains: 2 },
  )
  const all = Miou.Queue.toArray(events)
  Miou.Queue.drop(events, () => {})
  const of = (type: string, id: number): number => all.filter((event) => event.type === type && event.id === id).length
  const ids = all.flatMap((event) => (event.type === 'spawn' ? [event.id] : []))
  t.is(ids.length, 14)
  t.is(new Set(ids).size, ids.length)
  t.is(new Set(all.map(({ domain }) => domain)).size, 3)
  for (const id of ids) {
    t.is(of('done', id), 1, `task ${id}`)
    t.is(of('begin', id), of('end', id), `task ${id}`)
    t.is(of('cancel', id), of('cancelled', id), `task ${id}`)
    t.is(of('await', id), of('resume', id), `task ${id}`)
  }
  t.true(all.some(({ type }) => type === 'cancelled'))
})

/** The domains that have told something since the last time. */
function told(): Set<number> {
  const domains = new Set(Miou.Queue.toArray(events).map(({ domain }) => domain))
  Miou.Queue.drop(events, () => {})
  return domains
}

test('a portable reporter is for the successor of a dead domain, and for domains of later runs, too', async (t) => {
  Miou.Trace.setReporter(notes)
  await Miou.run(
    function* () {
      const [, first, second] = Miou.Domain.all() as [number, number, number]
      yield* Miou.await(Miou.call(dies, ['exit'], { pin: first }))
      while (Miou.Domain.all().length < 3) yield* Unix.sleep(1)
      const successor = Miou.Domain.all().find((domain) => ![0, first, second].includes(domain))!
      told()
      yield* Miou.call(echo, [1], { pin: successor })
      t.deepEqual([...told()].sort(), [0, successor].sort())
      // As one domain says, so it is on all.
      yield* Miou.call(stopsReporting, [], { pin: second })
      yield* Miou.await(Miou.call(dies, ['exit'], { pin: second }))
      while (Miou.Domain.all().length < 3) yield* Unix.sleep(1)
      told()
      for (const pin of Miou.Domain.all().slice(1)) yield* Miou.call(echo, [1], { pin })
      t.is(told().size, 0)
    },
    { domains: 2 },
  )
  Miou.Trace.setReporter(notes)
  const run = (): Promise<number> => Miou.run(() => Miou.call(echo<number>, [1]), { domains: 1 })
  await run()
  t.is(told().size, 2)
  Miou.Trace.setReporter(undefined)
  await run()
  t.is(told().size, 0, 'nor does a warm domain go on')
})

test('a reporter of one domain is no other domain’s business', async (t) => {
  const seen = new Set<number>()
  await Miou.run(
    function* () {
      Miou.Trace.setReporter(notes)
      Miou.Trace.setReporter(({ domain }) => seen.add(domain))
      yield* Miou.call(echo, [1])
      t.is(told().size, 1, 'the portable one goes on there')
      Miou.Trace.setReporter(undefined)
      // The end of the last slice may have been told after its result was sent.
      yield* Miou.call(echo, [1])
      told()
      yield* Miou.call(echo, [1])
      t.is(told().size, 0)
    },
    { domains: 1 },
  )
  t.deepEqual([...seen], [0])
})

test('a reporter that a task sets for its domain alone ends with its run, and a portable one is for all again', async (t) => {
  // As many as any run of this file has: all that are warm take part.
  const all = { domains: 4 }
  const everywhere = <T>(fn: (item: number) => Miou.Operation<T>): Promise<Miou.Result<T>[]> =>
    Miou.run(() => Miou.parallel(fn, [0, 1, 2, 3]), all)
  await everywhere(reportsHere)
  const before = await everywhere(reported)
  t.true(before.every((result) => result.ok && result.value > 0))
  await everywhere(echo)
  t.deepEqual(await everywhere(reported), before)
  try {
    await Miou.run(function* () {
      Miou.Trace.setReporter(notes)
      yield* Miou.parallel(reportsHere, [0, 1, 2, 3])
    }, all)
    told()
    await everywhere(echo)
    t.is(told().size, 5)
  } finally {
    Miou.Trace.setReporter(undefined)
  }
})

test('a reporter that throws is logged and removed: it is no part of a task, and can make no operation', async (t) => {
  let error: unknown
  const log = await logged(() =>
    Miou.run(function* () {
      Miou.Trace.setReporter(() => {
        try {
          Miou.yield()
        } catch (thrown) {
          error = thrown
        }
        throw new RangeError('of the reporter')
      })
      for (let i = 0; i < 3; i++) yield* Miou.async(() => Miou.yield())
    }, alone),
  )
  isError(t, error, Miou.NotInTask)
  t.is(log.match(/of the reporter/g)?.length, 1, log)
})
