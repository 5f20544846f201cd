import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { leastEverywhere } from './programs/collected.js'
import { answers, consumes, produces, puts, putsAndDies, putsByName, putsDescriptor, takes } from './programs/queues.js'
import { signalsIt } from './programs/triggers.js'
import { test } from './support/case.js'
import { collected, collecting, leastObjects } from './support/collected.js'
import { connection, readAll, settle } from './support/loopback.js'
import { isFree } from './support/machine.js'
import { isError, refuses } from './support/refusal.js'
import { never, promised, until, words } from './support/waiting.js'

const alone = { domains: 0 }
const two = { domains: 2 }
const three = { domains: 3 }
const { Queue } = Miou

test('first in, first out; looking leaves what is there; an empty queue says Empty', (t) => {
  const q = Queue.create<number>()
  t.true(Queue.isEmpty(q))
  isError(
    t,
    refuses(t, () => Queue.dequeue(q), Miou.Empty),
    Miou.Empty,
    /^there is nothing in the queue/,
  )
  refuses(t, () => Queue.peek(q), Miou.Empty)
  for (let i = 0; i < 1000; i++) Queue.enqueue(q, i)
  t.is(Queue.length(q), 1000)
  t.false(Queue.isEmpty(q))
  for (let i = 0; i < 1000; i++) {
    t.is(Queue.peek(q), i)
    t.is(Queue.dequeue(q), i)
  }
  t.is(Queue.length(q), 0)
  refuses(t, () => Queue.dequeue(Queue.create('a queue of jobs')), Miou.Empty, /a queue of jobs/)
})

const values: [string, unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['booleans', [true, false]],
  ['true', true],
  ['false', false],
  ['zero', 0],
  ['minus zero', -0],
  ['not a number', Number.NaN],
  ['infinity', Number.NEGATIVE_INFINITY],
  ['a fraction', -1.5e300],
  ['a bigint', -(2n ** 100n)],
  ['no text', ''],
  ['text', 'Grüße, 世界 🐫'],
  ['text of 4 096 characters', '世'.repeat(4096)],
  ['text with a lone surrogate', '\ud800 and \udfff'],
  ['text of 100 000 characters', 'x'.repeat(100_000)],
  ['bytes', new Uint8Array([1, 2, 3])],
  ['bytes of a part of a buffer', new Uint8Array([1, 2, 3, 4, 5]).subarray(1, 3)],
  ['no bytes', new Uint8Array(0)],
  ['100 000 bytes', new Uint8Array(100_000).fill(7)],
  ['other views', [new Float64Array([1.5]), new BigInt64Array([1n]), new DataView(new ArrayBuffer(4))]],
  ['a buffer', new Uint8Array([9, 8]).buffer],
  ['a date', new Date(123)],
  ['a regular expression', /a+b/giu],
  ['a map', new Map<unknown, unknown>([[{ k: 1 }, new Map([[1, 2]])]])],
  ['a set', new Set([1, 'two', { three: 3 }])],
  ['an object', { a: 1, nested: { b: [1, 2, { c: '\udfff' }] } }],
  ['a sparse array', Object.assign(new Array(5), { 2: 'two' })],
  ['what looks like one of our marks', { '\0miou': 'mutex', value: { word: 1 } }],
]
for (const [what, value] of values) {
  test(`${what} comes out as structured clone makes it, by every way out, here and elsewhere`, async (t) => {
    const plain = structuredClone(value)
    const q = Queue.create<unknown>()
    for (let i = 0; i < 3; i++) Queue.enqueue(q, value)
    t.deepEqual(Queue.peek(q), plain)
    t.deepEqual(Queue.toArray(q), [plain, plain, plain])
    const out = Queue.dequeue(q)
    t.deepEqual(out, plain)
    if (typeof value === 'object' && value !== null) t.not(out, value)
    const dropped: unknown[] = []
    Queue.drop(Queue.transfer(q), (one) => dropped.push(one))
    t.deepEqual(dropped, [plain, plain])
    await Miou.run(
      function* () {
        Queue.enqueue(q, value)
        t.deepEqual(yield* Miou.call(takes<unknown>, [q]), plain)
        yield* Miou.call(puts<unknown>, [q, value])
        t.deepEqual(Queue.dequeue(q), plain)
      },
      { domains: 1 },
    )
  })
}

test('what is put on is cloned then: changing it changes nothing', (t) => {
  const q = Queue.create<{ list: number[]; bytes: Uint8Array }>()
  const value = { list: [1], bytes: new Uint8Array([1]) }
  Queue.enqueue(q, value)
  const bytes = Queue.create<Uint8Array>()
  Queue.enqueue(bytes, value.bytes)
  value.list.push(2)
  value.bytes[0] = 9
  t.deepEqual(Queue.dequeue(q), { list: [1], bytes: new Uint8Array([1]) })
  t.deepEqual(Queue.dequeue(bytes), new Uint8Array([1]))
})

test('errors keep their class, code and cause', (t) => {
  const q = Queue.create<Error>()
  const error = Object.assign(new RangeError('wrong', { cause: new Miou.Empty('from below') }), { code: 'E_WRONG' })
  Queue.enqueue(q, error)
  const out = Queue.dequeue(q)
  isError(t, out, RangeError, /^wrong$/)
  t.is((out as Error & { code: string }).code, 'E_WRONG')
  isError(t, out.cause, Miou.Empty)
  t.is(out.stack, error.stack)
})

test('handles come out as themselves: mutex, condition, trigger, computation, lazy value, another queue', async (t) => {
  const handles = {
    mutex: Miou.Mutex.create(),
    condition: Miou.Condition.create(),
    trigger: Miou.Trigger.create(),
    computation: Miou.Computation.create(),
    lazy: Miou.Lazy.fromValue(7),
    queue: Queue.create(),
  }
  const q = Queue.create<unknown>()
  for (const handle of Object.values(handles)) {
    Queue.enqueue(q, handle)
    t.is(Queue.dequeue(q), handle)
  }
  Queue.enqueue(q, new Map([['all', handles]]))
  t.deepEqual(Queue.dequeue(q), new Map([['all', handles]]))
  await Miou.run(function* () {
    Queue.enqueue(q, handles.mutex)
    t.is(yield* Miou.call(takes<unknown>, [q]), handles.mutex)
  }, two)
})

test('a handle in a queue lives as long as it is there', async (t) => {
  const q = Queue.create<Miou.Queue<string>>()
  const count = await leastEverywhere()
  ;(() => {
    for (let i = 0; i < 100; i++) {
      const inner = Queue.create<string>()
      Queue.enqueue(inner, 'kept')
      Queue.enqueue(q, inner)
    }
  })()
  t.true((await leastObjects()) > count + 90)
  ;(() => {
    while (Queue.length(q) > 0) t.is(Queue.dequeue(Queue.dequeue(q)), 'kept')
  })()
  t.true((await collected(count + 10)) <= count + 10)
})

test('toArray is what is there at one moment, and it stays', (t) => {
  const q = Queue.create<number>()
  t.deepEqual(Queue.toArray(q), [])
  for (let i = 0; i < 5; i++) Queue.enqueue(q, i)
  Queue.dequeue(q)
  const array = Queue.toArray(q)
  Queue.enqueue(q, 5)
  t.deepEqual(array, [1, 2, 3, 4])
  t.is(Queue.length(q), 5)
})

test('drop empties the queue before it calls, in order; what is put on meanwhile stays', (t) => {
  const q = Queue.create<number>()
  for (let i = 0; i < 4; i++) Queue.enqueue(q, i)
  const seen: [number, number][] = []
  Queue.drop(q, (value) => {
    seen.push([value, Queue.length(q)])
    Queue.enqueue(q, value + 10)
  })
  t.deepEqual(seen, [
    [0, 0],
    [1, 1],
    [2, 2],
    [3, 3],
  ])
  t.deepEqual(Queue.toArray(q), [10, 11, 12, 13])
})

test('where the function of drop throws, the error passes and the rest is gone', (t) => {
  const q = Queue.create<number>()
  for (let i = 0; i < 4; i++) Queue.enqueue(q, i)
  const seen: number[] = []
  const each = (value: number): void => {
    seen.push(value)
    if (value === 1) throw new RangeError('at one')
  }
  refuses(t, () => Queue.drop(q, each), RangeError)
  t.deepEqual(seen, [0, 1])
  t.true(Queue.isEmpty(q))
})

test('transfer moves all of it to a new queue', (t) => {
  const q = Queue.create<number>('transferred from')
  for (let i = 0; i < 4; i++) Queue.enqueue(q, i)
  const other = Queue.transfer(q)
  t.not(other, q)
  t.true(Queue.isEmpty(q))
  Queue.enqueue(q, 4)
  Queue.enqueue(other, 9)
  t.deepEqual(Queue.toArray(other), [0, 1, 2, 3, 9])
  t.deepEqual(Queue.toArray(q), [4])
  t.is(Queue.length(Queue.transfer(Queue.create())), 0)
})

test('queues that were looked into, dropped and transferred leave no objects behind', async (t) => {
  const q = Queue.create<number>()
  const count = await leastEverywhere()
  ;(() => {
    for (let i = 0; i < 100; i++) {
      Queue.enqueue(q, i)
      Queue.toArray(q)
      Queue.drop(q, () => {})
      Queue.transfer(q)
    }
    refuses(t, () => Queue.drop(q, 1 as never), Miou.InvalidArgument)
  })()
  t.true((await collected(count + 10)) <= count + 10)
})

test('a name is one queue, on every domain; without one it is private until it is passed on', async (t) => {
  const q = Queue.create<number>('named queue')
  t.is(Queue.create('named queue'), q)
  t.not(Queue.create(), Queue.create())
  await Miou.run(function* () {
    const domains = Miou.Domain.all().slice(1)
    for (const pin of domains) yield* Miou.call(putsByName, ['named queue'], { pin })
    t.deepEqual([Queue.dequeue(q), Queue.dequeue(q)], domains)
    const passed = Queue.create<string>()
    yield* Miou.call(puts<string>, [passed, 'there'])
    t.is(yield* Miou.call(takes<string>, [passed]), 'there')
  }, two)
})

test('queues work outside of tasks and before any run, timers and promises included', async (t) => {
  const q = Queue.create<string>()
  await new Promise<void>((resolve) => setTimeout(() => resolve(Queue.enqueue(q, 'by a timer')), 1))
  t.is(Queue.dequeue(q), 'by a timer')
})

test('a descriptor moves onto a queue: its handle is dead until it comes back, and then the same one works', async (t) => {
  await Miou.run(function* () {
    const [client, server] = yield* connection()
    const q = Queue.create<{ fd: Unix.FileDescr }>()
    Queue.enqueue(q, { fd: server })
    refuses(t, () => Unix.close(server), Miou.Closed)
    refuses(t, () => Queue.enqueue(q, { fd: server }), Miou.Closed)
    t.is(Queue.length(q), 1)
    t.is(Queue.dequeue(q).fd, server)
    yield* Unix.write(server, 'back')
    t.is(yield* Unix.read(client, Buffer.alloc(9)), 4)
    Queue.enqueue(q, { fd: server })
    yield* Miou.call(answers, [q, 'from elsewhere'])
    t.is((yield* readAll(client)).toString(), 'from elsewhere')
    const number = yield* Miou.call(putsDescriptor, [q as never])
    const fd = Queue.dequeue(q) as unknown as Unix.FileDescr
    t.is(Unix.toFileDescr(fd), number)
    Unix.close(fd)
    Unix.close(client)
  }, two)
})

test('peek and toArray refuse where a descriptor is in it, and nothing has changed; drop takes it over', async (t) => {
  await Miou.run(function* () {
    const q = Queue.create<unknown>()
    Queue.enqueue(q, 1)
    Queue.enqueue(q, new Map([['fd', Unix.tcpv4()]]))
    t.is(Queue.peek(q), 1)
    refuses(t, () => Queue.toArray(q), Miou.InvalidArgument, /descriptor/)
    t.is(Queue.dequeue(q), 1)
    refuses(t, () => Queue.peek(q), Miou.InvalidArgument, /descriptor/)
    t.is(Queue.length(q), 1)
    let closed = 0
    Queue.drop(q, (value) => {
      Unix.close((value as Map<string, Unix.FileDescr>).get('fd')!)
      closed++
    })
    t.is(closed, 1)
    const other = Queue.create<Unix.FileDescr>()
    Queue.enqueue(other, Unix.tcpv4())
    Unix.close(Queue.dequeue(Queue.transfer(other)))
  }, alone)
})

test('an owned descriptor, and one that a task waits on, are refused, and nothing has moved', async (t) => {
  await Miou.run(function* () {
    const q = Queue.create<unknown>()
    const owned = Unix.Ownership.tcpv4()
    refuses(t, () => Queue.enqueue(q, owned), Miou.InvalidArgument, /owns a descriptor/)
    const [client, server] = yield* connection()
    refuses(t, () => Queue.enqueue(q, [client, owned]), Miou.InvalidArgument, /owns a descriptor/)
    const reading = Miou.async(() => Unix.read(server, Buffer.alloc(1)))
    yield* settle()
    refuses(t, () => Queue.enqueue(q, [client, server]), Miou.InvalidArgument, /in use/)
    t.true(Queue.isEmpty(q))
    yield* Unix.write(client, 'x')
    yield* reading
    for (const fd of [client, server]) Unix.close(fd)
    Unix.Ownership.close(owned)
  }, alone)
})

test('what can not cross is refused, named by where it is, and what stands before it has not moved', async (t) => {
  await Miou.run(function* () {
    const q = Queue.create<unknown>()
    const fd = Unix.tcpv4()
    const mutex = Miou.Mutex.create()
    const task = Miou.async(never)
    const resource = Miou.Ownership.create(1, () => {})
    const refused: [unknown, RegExp][] = [
      [() => {}, /a value on a queue\.bad/],
      [Symbol('s'), /a value on a queue\.bad/],
      [task, /a task/],
      [new WeakMap(), /can't cross/],
      [Promise.resolve(), /can't cross/],
      [new SharedArrayBuffer(4), /shared memory/],
      [words(1), /shared memory/],
      [new MessageChannel().port1, /MessagePort/],
      [resource, /finaliser is portable/],
    ]
    for (const [bad, what] of refused) {
      refuses(t, () => Queue.enqueue(q, { fd, mutex, bad }), Miou.InvalidArgument, what)
    }
    t.true(Queue.isEmpty(q))
    // Neither what was refused nor what it was packed with sticks to the next value.
    Queue.enqueue(q, { next: 1 })
    t.deepEqual(Queue.peek(q), { next: 1 })
    Unix.close(fd)
    yield* Miou.cancel(task)
  }, alone)
})

test('descriptors that are left on queues are closed when their run ends, and counted in its warning', async (t) => {
  const warned = new Promise<string>((resolve) => process.once('warning', ({ message }) => resolve(message)))
  const q = Queue.create<unknown>()
  const numbers: number[] = []
  await Miou.run(function* () {
    const fd = Unix.tcpv4()
    numbers.push(Unix.toFileDescr(fd))
    Queue.enqueue(q, { fd })
    numbers.push(yield* Miou.call(putsDescriptor, [q as never]))
    t.deepEqual(numbers.map(isFree), [false, false])
  }, two)
  t.deepEqual(numbers.map(isFree), [true, true])
  t.regex(await warned, /^2 descriptors were still open/)
  const { fd } = Queue.dequeue(q) as { fd: Unix.FileDescr }
  refuses(t, () => Unix.close(fd), Miou.Closed)
})

test('a queue that is gone closes the descriptors in it, and so does drop where its function throws', async (t) => {
  await Miou.run(function* () {
    const numbers: number[] = []
    const put = (): Miou.Queue<Unix.FileDescr> => {
      const q = Queue.create<Unix.FileDescr>()
      for (let i = 0; i < 2; i++) {
        const fd = Unix.tcpv4()
        numbers.push(Unix.toFileDescr(fd))
        Queue.enqueue(q, fd)
      }
      return q
    }
    yield* Miou.async(function* () {
      put()
    })
    t.true(yield* promised(collecting(() => numbers.every(isFree))))
    numbers.length = 0
    const each = (fd: Unix.FileDescr): void => {
      Unix.close(fd)
      throw new RangeError('the first')
    }
    refuses(t, () => Queue.drop(put(), each), RangeError)
    t.deepEqual(numbers.map(isFree), [true, true])
  }, alone)
})

test('a resource moves onto a queue where its finaliser is portable and nobody owns it, and comes back as itself', async (t) => {
  await Miou.run(function* () {
    const q = Queue.create<Miou.Resource>()
    const finalised = Miou.Trigger.create()
    const resource = Miou.Ownership.create(finalised, signalsIt)
    Miou.Ownership.own(resource)
    refuses(t, () => Queue.enqueue(q, resource), Miou.InvalidArgument, /owns a resource/)
    Miou.Ownership.disown(resource)
    Queue.enqueue(q, resource)
    refuses(t, () => Queue.peek(q), Miou.InvalidArgument)
    refuses(t, () => Queue.enqueue(q, resource), Miou.InvalidArgument, /went to another domain/)
    t.is(Queue.dequeue(q), resource)
    Miou.Ownership.own(resource)
    Miou.Ownership.release(resource)
    t.true(Miou.Trigger.isSignaled(finalised))
  }, alone)
})

test('what a domain has put on a queue outlives it', async (t) => {
  await Miou.run(function* () {
    const q = Queue.create<unknown>()
    const died = yield* Miou.await(Miou.call(putsAndDies, [q]))
    isError(t, died.ok || died.error, Miou.DomainDied)
    t.is(Queue.dequeue(q), 'kept')
    Unix.close((Queue.dequeue(q) as { fd: Unix.FileDescr }).fd)
  }, two)
})

test('a message that is about to leave keeps the handles that are in it, whatever is put on a queue meanwhile', async (t) => {
  await Miou.run(function* () {
    for (const value of ['text', new Uint8Array(3), { plain: true }, { mutex: Miou.Mutex.create() }, 1]) {
      const [passed, q] = [Queue.create<unknown>(), Queue.create<unknown>()]
      const call = Miou.call(puts<unknown>, [passed, 'through a handle that only the message kept'])
      Queue.enqueue(q, value)
      yield* call
      t.is(Queue.dequeue(passed), 'through a handle that only the message kept')
      t.deepEqual(Queue.dequeue(q), value)
    }
  }, two)
})

test('X57: three producers and three consumers lose nothing, double nothing, and keep the order of each producer', async (t) => {
  await Miou.run(function* () {
    const count = 33_334
    const q = Queue.create<number>()
    const producing = words(1)
    producing[0] = 3
    const consumers = [1, 2, 3].map((at) => Miou.call(consumes, [q, producing], { pin: Miou.Domain.all()[at]! }))
    const producers = [1, 2, 3].map((at) => Miou.call(produces, [q, at, count], { pin: Miou.Domain.all()[at]! }))
    // Meanwhile it is emptied and moved: what was in it goes back behind the others of its producer, or is kept here.
    const here: number[] = []
    for (let round = 0; round < 20; round++) {
      Queue.drop(q, (value) => here.push(value))
      const other = Queue.transfer(q)
      while (!Queue.isEmpty(other)) here.push(Queue.dequeue(other))
      const seen = Queue.toArray(q)
      t.deepEqual(orderOf(seen), [], 'toArray keeps the order of each producer')
      yield* Miou.yield()
    }
    for (const producer of producers) yield* producer
    Atomics.store(producing, 0, 0)
    const taken: ArrayLike<number>[] = [here]
    for (const consumer of consumers) taken.push(yield* consumer)
    for (const one of taken) t.deepEqual(orderOf(Array.from(one)), [], 'a consumer sees the order of each producer')
    const all = taken.flatMap((one) => Array.from(one)).sort((a, b) => a - b)
    t.deepEqual(
      all,
      [1, 2, 3].flatMap((producer) => Array.from({ length: count }, (_, i) => producer * 1e9 + i)),
    )
  }, three)
})

/** Where a number of a producer comes after a greater one of the same. */
function orderOf(numbers: number[]): string[] {
  const last = new Map<number, number>()
  const wrong: string[] = []
  for (const number of numbers) {
    const producer = Math.floor(number / 1e9)
    if ((last.get(producer) ?? -1) >= number) wrong.push(`${number} after ${last.get(producer)}`)
    last.set(producer, number)
  }
  return wrong
}

test('wrong arguments of queues are refused', (t) => {
  const calls: (() => unknown)[] = [
    () => Queue.enqueue({} as never, 1),
    () => Queue.dequeue(undefined as never),
    () => Queue.peek(null as never),
    () => Queue.isEmpty([] as never),
    () => Queue.length(1 as never),
    () => Queue.toArray({} as never),
    () => Queue.drop({} as never, () => {}),
    () => Queue.transfer(Miou.Mutex.create() as never),
  ]
  for (const call of calls) refuses(t, call, Miou.InvalidArgument, /takes a queue, as Queue\.create makes it/)
  refuses(t, () => Queue.drop(Queue.create(), 1 as never), Miou.InvalidArgument, /a queue and a function/)
  refuses(t, () => Queue.create(''), Miou.InvalidArgument, /name/)
  refuses(t, () => Queue.create('\ud800'), Miou.InvalidArgument, /name/)
  refuses(t, () => Queue.create(5 as never), Miou.InvalidArgument, /name/)
})

test('a consumer that looks until there is something sees what another domain puts on', async (t) => {
  await Miou.run(function* () {
    const q = Queue.create<string>()
    const task = Miou.call(puts<string>, [q, 'there'])
    yield* until(() => !Queue.isEmpty(q))
    t.is(Queue.dequeue(q), 'there')
    yield* task
  }, two)
})
