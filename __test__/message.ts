import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { cargoOf } from '../dist/cargo.js'
import { CALL } from '../dist/mail.js'
import { begin, put, putId, putInt, putText, send } from '../dist/message.js'
import { prepareAll } from '../dist/prepared.js'
import type { TaskRecord } from '../dist/task.js'
import { FileDescr } from '../dist/unix/descriptor.js'
import { echo } from './programs/numbers.js'
import { heldResource } from './programs/resources.js'
import { readsThere } from './programs/values.js'
import { test } from './support/case.js'
import { connection, readAll } from './support/loopback.js'
import { mostDescriptors } from './support/machine.js'
import { refuses } from './support/refusal.js'
import { reaches, words } from './support/waiting.js'

const two = { domains: 2 }
const { Queue, Computation } = Miou

/*
 * Code of the user's runs while a value is packed: its getters. What they send or keep meanwhile is a value of its own.
 */

/** An object whose property `inside` does `act` once, when it is read first. */
function reading<T>(value: T, act: () => unknown): { before: string; inside: T; after: string } {
  let acted = false
  return {
    before: 'before',
    get inside() {
      if (!acted) act()
      acted = true
      return value
    },
    after: 'after',
  }
}

/** A way for a value to travel, and how it arrives. */
interface Way {
  send(value: unknown): void
  receive(): Generator<Miou.Suspension, unknown>
}

const ways: Record<string, () => Way> = {
  call() {
    let task: Miou.Task<unknown>
    return {
      send(value) {
        task = Miou.call(echo<unknown>, [value])
      },
      *receive() {
        return yield* task
      },
    }
  },
  enqueue() {
    const queue = Queue.create<unknown>()
    return {
      send: (value) => Queue.enqueue(queue, value),
      *receive() {
        return Queue.dequeue(queue)
      },
    }
  },
  complete() {
    const cell = Computation.create<unknown>()
    return {
      send: (value) => Computation.tryReturn(cell, value),
      *receive() {
        return yield* Computation.awaitExn(cell)
      },
    }
  },
}

const contents: [string, () => unknown][] = [
  ['numbers', () => 1],
  ['text', () => 'text'],
  ['objects', () => ({ plain: true })],
  ['mutexes', () => Miou.Mutex.create()],
  ['descriptors', () => Unix.tcpv4()],
]
for (const [what, make] of contents) {
  test(`a getter may call, enqueue and complete while its value does one of these, with ${what} in both`, async (t) => {
    await Miou.run(function* () {
      for (const [outer, around] of Object.entries(ways)) {
        for (const [inner, within] of Object.entries(ways)) {
          const [a, b] = [around(), within()]
          // Computations refuse descriptors.
          const refused = (way: string): boolean => what === 'descriptors' && way === 'complete'
          const value = refused(outer) ? 1 : make()
          const other = refused(inner) ? 1 : make()
          a.send(reading(value, () => b.send({ other })))
          t.deepEqual(yield* b.receive(), { other }, `${inner} in ${outer}`)
          t.deepEqual(yield* a.receive(), { before: 'before', inside: value, after: 'after' }, `${outer} of ${inner}`)
          for (const one of [value, other]) if (one instanceof FileDescr) Unix.close(one)
        }
      }
    }, two)
  })
}

test('a getter of a result may do so too', async (t) => {
  await Miou.run(function* () {
    const queue = Queue.create<unknown>()
    t.deepEqual(yield* Miou.call(readsThere, [queue]), { inside: 'read' })
    t.deepEqual(Queue.dequeue(queue), { by: 'the getter' })
  }, two)
})

test('a getter that closes, or passes on, what was to move has it refused, and the rest has not moved', async (t) => {
  await Miou.run(function* () {
    const queue = Queue.create<unknown>()
    for (const send of [
      (value: unknown) => Miou.call(echo, [value]),
      (value: unknown) => Queue.enqueue(queue, value),
    ]) {
      const [client, server] = yield* connection()
      refuses(t, () => send([client, server, reading(1, () => Unix.close(server))]), Miou.Closed)
      t.is(yield* Unix.read(client, Buffer.alloc(1)), 0)
      const other = Queue.create<Unix.FileDescr>()
      refuses(t, () => send([client, reading(1, () => Queue.enqueue(other, client))]), Miou.Closed)
      t.is(Queue.dequeue(other), client)
      const own = reading(1, () => Miou.Ownership.own(Unix.Ownership.resource(client)))
      refuses(t, () => send([client, own]), Miou.InvalidArgument, /owns a descriptor/)
      Unix.Ownership.close(client)
      t.true(Queue.isEmpty(queue))
    }
  }, two)
})

test('a resource that a getter lets go of, or finalises, does not cross', async (t) => {
  await Miou.run(function* () {
    for (const letGo of [Miou.Ownership.disown, Miou.Ownership.release]) {
      const shared = words(2)
      const resource = heldResource(shared)
      Miou.Ownership.own(resource)
      refuses(
        t,
        () => Miou.call(echo, [reading(1, () => letGo(resource))], { give: [resource] }),
        Miou.InvalidArgument,
        /while it was packed/,
      )
      t.is(shared[0], letGo === Miou.Ownership.release ? 1 : 0)
    }
  }, two)
})

test('each part of a value is read once, wherever it goes and whatever stands beside it', async (t) => {
  await Miou.run(function* () {
    for (const [name, make] of Object.entries(ways)) {
      for (const beside of [1, { plain: true }, Miou.Mutex.create(), new Error('beside')]) {
        let reads = 0
        const get = (): number => ++reads
        const define = <T extends object>(object: T, key: string): T =>
          Object.defineProperty(object, key, { get, enumerable: true, configurable: true })
        class Point {
          constructor() {
            define(this, 'inClass')
          }
        }
        const way = make()
        way.send([
          beside,
          define({}, 'inObject'),
          new Point(),
          define(['in', 'array'], '1'),
          new Map([[define({}, 'key'), define({}, 'value')]]),
          new Set([define({}, 'element')]),
          define({ '\0miou': 'marked' }, 'inMarked'),
          new Proxy({ text: 'read' }, { get: (target, key) => (key === 'text' ? ++reads : Reflect.get(target, key)) }),
        ])
        const [, ...back] = (yield* way.receive()) as unknown[]
        t.deepEqual(
          back,
          [
            { inObject: 1 },
            { inClass: 2 },
            ['in', 3],
            new Map([[{ key: 4 }, { value: 5 }]]),
            new Set([{ element: 6 }]),
            { '\0miou': 'marked', inMarked: 7 },
            { text: 8 },
          ],
          name,
        )
        t.is(reads, 8)
      }
    }
  }, two)
})

test('sparse arrays, and arrays with properties beside their elements, arrive as they are', async (t) => {
  await Miou.run(function* () {
    const sparse = Object.assign(new Array<unknown>(2 ** 31), { 7: 'seven', 2000000000: {} })
    const match = 'ab'.match(/(?<letter>b)/)!
    for (const make of Object.values(ways)) {
      for (const value of [sparse, Object.assign([{}], { beside: { deep: 1 } }), [...'abc'], match]) {
        const way = make()
        way.send([value, Miou.Mutex.create()])
        const [back] = (yield* way.receive()) as [unknown[]]
        t.is(back.length, value.length)
        t.deepEqual(Object.entries(back), Object.entries(structuredClone(value)))
      }
    }
  }, two)
})

test('more descriptors than move at once are refused by that reason, and none has moved', async (t) => {
  if (mostDescriptors() < 4097 + 200) {
    t.log(`skipped: a process may have ${mostDescriptors()} descriptors here`)
    t.pass()
    return
  }
  await Miou.run(function* () {
    const queue = Queue.create<unknown>()
    const fds = Array.from({ length: 4097 }, () => Unix.tcpv4())
    refuses(t, () => Miou.call(echo, [fds]), Miou.InvalidArgument, /4097 descriptors.*4096/)
    refuses(t, () => Queue.enqueue(queue, fds), Miou.InvalidArgument, /4097 descriptors.*4096/)
    Unix.close(fds.pop()!)
    Queue.enqueue(queue, fds)
    const back = Queue.dequeue(queue) as Unix.FileDescr[]
    t.true(back.every((fd, i) => fd === fds[i]))
    t.is(((yield* Miou.call(echo, [fds])) as unknown[]).length, 4096)
    for (const fd of fds) Unix.close(fd)
  }, two)
})

test('a call that arrives where its run is over has its descriptors closed, and what it was given finalised', async (t) => {
  await Miou.run(
    function* () {
      // The first function that the other domain is told of: its number there is 0.
      yield* Miou.call(echo, [1])
      const [client, server] = yield* connection()
      const shared = words(2)
      const resource = heldResource(shared)
      const { run } = Miou.self() as unknown as TaskRecord
      const to = run.places[1]!
      const prepared = prepareAll([new Map([['fd', server]]), resource], to, cargoOf('an argument'))
      begin(CALL)
      putInt(run.id + 1000)
      putId(7)
      for (const word of [0, 0, 0, 0]) putInt(word)
      putText('late')
      putInt(1)
      put(prepared)
      send(to)
      t.is((yield* readAll(client)).length, 0)
      yield* reaches(shared, 0)
      t.is(shared[0], 1)
      Unix.close(client)
      t.is(yield* Miou.call(echo, [2]), 2)
    },
    { domains: 1 },
  )
})
