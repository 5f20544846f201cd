import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { test } from '../support/case.js'
import { onOneDomain, settle } from '../support/loopback.js'
import { isFree } from '../support/machine.js'
import { rejects } from '../support/refusal.js'

/** A task that returns what `wrap` makes of a new descriptor, and the number of that. */
function returning(wrap: (fd: Unix.FileDescr) => unknown): [Miou.Task<unknown>, { number: number }] {
  const made = { number: -1 }
  const task = Miou.async(function* () {
    const fd = Unix.tcpv4()
    made.number = Unix.toFileDescr(fd)
    return wrap(fd)
  })
  return [task, made]
}

const wrappings: [string, (fd: Unix.FileDescr) => unknown][] = [
  ['itself', (fd) => fd],
  ['an array', (fd) => [fd, { host: 'x' }]],
  ['an object', (fd) => ({ client: { fd }, again: fd })],
  ['a map, a set and an array', (fd) => new Map([[new Set([[fd]]), 1]])],
  ['an object without a prototype', (fd) => Object.assign(Object.create(null), { fd })],
  [
    'a ring of objects',
    (fd) => {
      const ring: Record<string, unknown> = { fd }
      ring.ring = ring
      return ring
    },
  ],
]

for (const [what, wrap] of wrappings) {
  onOneDomain(`a descriptor in a result that nobody reads is closed: ${what}`, function* (t) {
    const made: { number: number }[] = []
    // Its parent fails and never asks for it.
    const parent = Miou.async(function* () {
      const [, one] = returning(wrap)
      made.push(one)
      yield* settle()
      throw new Error('fails')
    })
    yield* Miou.await(parent)
    t.true(isFree(made[0]!.number))
  })

  onOneDomain(`a descriptor in a result that cancel overrides is closed: ${what}`, function* (t) {
    const [task, made] = returning(wrap)
    yield* settle()
    t.is(task.state, 'finished')
    yield* Miou.cancel(task)
    t.true(isFree(made.number))
  })
}

onOneDomain('a descriptor in a result of a shield that a cancel overrides is closed', function* (t) {
  let number = -1
  const task = Miou.async(() =>
    Miou.shield(function* () {
      const fd = Unix.tcpv4()
      number = Unix.toFileDescr(fd)
      yield* settle()
      return fd
    }),
  )
  yield* Miou.yield()
  t.false(isFree(number))
  yield* Miou.cancel(task)
  t.true(isFree(number))
})

onOneDomain('one that a living task owns stays open, one in a result that was read too', function* (t) {
  const fd = Unix.Ownership.tcpv4()
  const task = Miou.async(function* () {
    return fd
  })
  yield* settle()
  yield* Miou.cancel(task)
  t.true(Unix.Ownership.toFileDescr(fd) > 0)
  Unix.Ownership.close(fd)

  const [reading, made] = returning((one) => one)
  const read = (yield* Miou.awaitExn(reading)) as Unix.FileDescr
  t.false(isFree(made.number))
  Unix.close(read)
})

onOneDomain('getters of a result that nobody reads are not called', function* (t) {
  const unused = Unix.tcpv4()
  const task = Miou.async(function* () {
    return {
      get fd() {
        throw new Error('called')
      },
    }
  })
  yield* settle()
  yield* Miou.cancel(task)
  Unix.close(unused)
  t.pass()
})

onOneDomain('a loser of awaitFirst that had ended keeps its value', function* (t) {
  const [first, one] = returning((fd) => fd)
  const [second, other] = returning((fd) => fd)
  yield* settle()
  const winner = yield* Miou.awaitFirst([first, second])
  t.true(winner.ok)
  t.false(isFree(one.number) || isFree(other.number))
  for (const task of [first, second]) Unix.close((yield* Miou.awaitExn(task)) as Unix.FileDescr)
})

for (const [how, end] of [
  ['returns', () => {}],
  [
    'fails',
    () => {
      throw new Error('fails')
    },
  ],
] as const) {
  onOneDomain(`a loser of awaitFirst that nobody has read is closed when its parent ${how}`, function* (t) {
    let made: { number: number }[] = []
    let had: Unix.FileDescr[] = []
    const parent = Miou.async(function* () {
      const all = [1, 2, 3].map(() => returning((fd) => [fd]))
      const tasks = all.map(([task]) => task)
      made = all.map(([, one]) => one)
      yield* settle()
      const winner = yield* Miou.awaitFirst(tasks)
      t.false(made.some(({ number }) => isFree(number)))
      // The first is read, whether it has won or not.
      const first = yield* Miou.awaitExn(tasks[0]!)
      had = [first, winner.ok && winner.value].flat() as Unix.FileDescr[]
      end()
    })
    yield* Miou.await(parent)
    const open = had.map(Unix.toFileDescr)
    for (const { number } of made) t.is(isFree(number), !open.includes(number))
    for (const fd of new Set(had)) Unix.close(fd)
  })
}

onOneDomain('what a task has read of a child is its own, though it cancels the child then', function* (t) {
  const asks = [Miou.await<unknown>, (task: Miou.Task<unknown>) => Miou.awaitOne([task])]
  for (const ask of asks) {
    const [task, made] = returning((fd) => fd)
    const result = (yield* ask(task)) as Miou.Result<Unix.FileDescr>
    yield* Miou.cancel(task)
    t.false(isFree(made.number))
    if (result.ok) Unix.close(result.value)
  }
})

onOneDomain('a descriptor that the result of a task with a mutex would have been is closed', function* (t) {
  const made = { number: -1 }
  const m = Miou.Mutex.create()
  const task = Miou.async(function* () {
    yield* Miou.Mutex.lock(m)
    const fd = Unix.tcpv4()
    made.number = Unix.toFileDescr(fd)
    return fd
  })
  const result = yield* Miou.await(task)
  t.true(!result.ok && result.error instanceof Miou.MutexError)
  t.true(isFree(made.number))
})

test('a plain descriptor that is open at the end of its run is closed, with one warning that counts them', async (t) => {
  const warnings: Error[] = []
  const note = (warning: Error): void => void warnings.push(warning)
  process.on('warning', note)
  const numbers = await Miou.run(
    function* () {
      return [Unix.tcpv4(), Unix.udpv4(), Unix.unixSocket()].map(Unix.toFileDescr)
    },
    { domains: 0 },
  )
  t.true(numbers.every(isFree))
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', note)
  t.is(warnings.length, 1)
  t.regex(warnings[0]!.message, /^3 descriptors were still open/)
})

test('a run leaves the descriptors of another one alone', async (t) => {
  let done = (): void => {}
  const first = Miou.run(
    function* () {
      const fd = Unix.tcpv4()
      const waiting = Miou.syscall('the other run')
      done = () => Miou.signal(waiting)
      yield* Miou.suspend(waiting)
      const { host } = Unix.address(fd) as { host: string }
      Unix.close(fd)
      return host
    },
    { domains: 0 },
  )
  await Miou.run(function* () {}, { domains: 0 })
  done()
  t.is(await first, '0.0.0.0')
})

test('an owned descriptor that is leaked is fatal, and closed', async (t) => {
  let number = -1
  const run = Miou.run(
    function* () {
      const fd = Unix.Ownership.tcpv4()
      number = Unix.toFileDescr(fd)
    },
    { domains: 0 },
  )
  await rejects(t, run, Miou.ResourceLeaked, /FileDescr/)
  t.true(isFree(number))
})
