import { MessageChannel } from 'node:worker_threads'
import * as Miou from 'miou'
import { echo, spin } from './programs/numbers.js'
import { all, describe, increment, nested, nestings, nests, returns, same } from './programs/values.js'
import { test } from './support/case.js'
import { isError, refuses } from './support/refusal.js'
import { words } from './support/waiting.js'

const two = { domains: 2 }

/* What crosses. */

const values: [string, unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['booleans', [true, false]],
  ['numbers', [0, -0, 1.5, -1e300, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 53]],
  ['bigints', [0n, -(2n ** 100n)]],
  ['short text', ''],
  ['text', 'Grüße, 世界 🐫'],
  ['text with a lone surrogate', '\ud800 and \udfff'],
  ['text of 4 096 characters', '世'.repeat(4096)],
  ['text of 100 000 characters', 'x'.repeat(100_000)],
  ['bytes', new Uint8Array([1, 2, 3])],
  ['no bytes', new Uint8Array(0)],
  ['bytes of a part of a buffer', new Uint8Array([1, 2, 3, 4, 5]).subarray(1, 3)],
  ['many bytes', new Uint8Array(100_000).fill(7)],
  [
    'other views',
    [new Float64Array([1.5]), new Uint8ClampedArray([300]), new BigInt64Array([1n]), new DataView(new ArrayBuffer(4))],
  ],
  ['buffers', new Uint8Array([9, 8]).buffer],
  ['dates', new Date(123)],
  ['regular expressions', /a+b/giu],
  ['boxes', [Object(1), Object('text'), Object(true)]],
  [
    'maps',
    new Map<unknown, unknown>([
      ['a', 1],
      [{ k: 1 }, new Map([[1, 2]])],
    ]),
  ],
  ['sets', new Set([1, 'two', { three: 3 }])],
  ['plain objects', { a: 1, nested: { b: [1, 2, { c: 3 }] }, [Symbol.iterator.toString()]: 1 }],
  ['objects without prototype', Object.assign(Object.create(null), { a: 1 })],
  ['sparse arrays', Object.assign(new Array(5), { 2: 'two' })],
  ['a property that is called __proto__', JSON.parse('{"__proto__": {"polluted": true}, "a": 1}')],
  ['a property that looks like one of our marks', { '\0miou': 'mutex', value: { word: 1 } }],
  ['deep nesting', Array.from({ length: 500 }).reduce<unknown>((inner) => [inner], 'core')],
]
for (const [what, value] of values) {
  test(`${what} cross, alone, among others, and deep inside`, async (t) => {
    await Miou.run(function* () {
      t.deepEqual(yield* Miou.call(echo, [value]), structuredClone(value))
      const plain = structuredClone(value)
      t.deepEqual(yield* Miou.call(all, [1, value, 'x', value]), [1, plain, 'x', plain])
      const m = Miou.Mutex.create()
      const deep = (yield* Miou.call(echo, [{ m, deep: [value] }])) as { m: unknown; deep: unknown[] }
      t.true(deep.m instanceof Object && deep.deep.length === 1)
      t.deepEqual(deep.deep[0], plain)
    }, two)
  })
}

test('no arguments, many arguments, missing arguments', async (t) => {
  await Miou.run(function* () {
    t.deepEqual(yield* Miou.call(all, []), [])
    const many = Array.from({ length: 1000 }, (_, n) => n)
    t.deepEqual(yield* Miou.call(all, many), many)
    t.is(yield* Miou.call(describe, [] as never), 'undefined undefined')
  }, two)
})

test('it is always a clone: what is changed there stays as it is here', async (t) => {
  await Miou.run(function* () {
    const bytes = new Uint8Array([1, 2])
    const object = { bytes, list: [1] }
    const child = Miou.call(echo<{ bytes: Uint8Array; list: number[] }>, [object])
    object.list.push(2)
    bytes[0] = 9
    const back = yield* child
    t.deepEqual(back.list, [1], 'cloned when it was called')
    t.is(back.bytes[0], 1)
    back.list.push(5)
    t.deepEqual(object.list, [1, 2])
  }, two)
})

test('shared memory is shared, whatever views there are of it', async (t) => {
  await Miou.run(function* () {
    const shared = words(2)
    const back = (yield* Miou.call(echo, [{ a: shared, b: [shared.buffer] }])) as {
      a: Int32Array
      b: SharedArrayBuffer[]
    }
    Atomics.store(back.a, 1, 5)
    t.is(shared[1], 5)
    t.is(new Int32Array(back.b[0]!)[1], 5)
    const bytes = new Uint8Array(new SharedArrayBuffer(2))
    const incremented = yield* Miou.call(increment, [bytes])
    t.deepEqual([...bytes], [1, 1])
    incremented[0] = 7
    t.is(bytes[0], 7)
  }, two)
})

test('what is one object stays one, and cycles stay cycles, beside handles too', async (t) => {
  await Miou.run(function* () {
    const object = { n: 1 }
    t.true(yield* Miou.call(same, [[object, object]]))
    t.false(yield* Miou.call(same, [[{ n: 1 }, { n: 1 }]]))
    const m = Miou.Mutex.create()
    t.true(yield* Miou.call(same, [[m, m]]))
    const error = new Error('one')
    t.true(yield* Miou.call(same, [[error, error]]))
    t.true(yield* Miou.call(same, [[object, object, m]]))
    const cycle: Record<string, unknown> = { name: 'cycle', m }
    cycle.self = cycle
    cycle.list = [cycle]
    cycle.map = new Map([[cycle, cycle]])
    cycle.set = new Set([cycle])
    const back = (yield* Miou.call(echo, [cycle])) as typeof cycle
    t.is(back.self, back)
    t.is((back.list as unknown[])[0], back)
    t.is((back.map as Map<unknown, unknown>).get(back), back)
    t.true((back.set as Set<unknown>).has(back))
    t.is(back.m, m, 'a handle that comes home is the same object')
  }, two)
})

test('a transfer list moves instead of cloning', async (t) => {
  await Miou.run(function* () {
    const buffer = new Uint8Array([1, 2, 3]).buffer
    const back = yield* Miou.call(echo<ArrayBuffer>, [buffer], { transfer: [buffer] })
    t.is(buffer.byteLength, 0)
    t.is(back.byteLength, 3)
    const small = new Uint8Array([5])
    const incremented = yield* Miou.call(increment, [small], { transfer: [small.buffer] })
    t.is(small.byteLength, 0)
    t.deepEqual([...incremented], [6])
    const { port1, port2 } = new MessageChannel()
    t.regex(yield* Miou.call(describe, [port1], { transfer: [port1] }), /^MessagePort/)
    port2.close()
  }, two)
})

test('a transfer list with what can not be transferred is refused, and nothing has moved', async (t) => {
  await Miou.run(function* () {
    const buffer = new Uint8Array([1, 2, 3]).buffer
    refuses(t, () => Miou.call(echo, [buffer], { transfer: [buffer, buffer] }), Miou.InvalidArgument)
    refuses(t, () => Miou.call(echo, [buffer], { transfer: [{} as never] }), Miou.InvalidArgument)
    refuses(t, () => Miou.call(echo, [[buffer, () => 1]], { transfer: [buffer] }), Miou.InvalidArgument, /function/)
    t.is(buffer.byteLength, 3)
    t.is(yield* Miou.call(echo<number>, [1]), 1, 'the domains are as before')
  }, two)
})

test('handles cross anywhere: in maps, sets, arrays, objects, errors', async (t) => {
  await Miou.run(function* () {
    const m = Miou.Mutex.create()
    const c = Miou.Condition.create()
    const error = Object.assign(new Error('with handles', { cause: m }), { c })
    const back = (yield* Miou.call(echo, [[new Map([[m, c]]), new Set([m]), { error }]])) as [
      Map<unknown, unknown>,
      Set<unknown>,
      { error: typeof error },
    ]
    t.is(back[0].get(m), c)
    t.true(back[1].has(m))
    t.is(back[2].error.cause, m)
    t.is(back[2].error.c, c)
  }, two)
})

/* What does not. */

const refused: [string, () => unknown, RegExp][] = [
  ['a function', () => () => 1, /function/],
  ['a portable function', () => echo, /function/],
  ['a symbol', () => Symbol('s'), /symbol/],
  ['a promise', () => Promise.resolve(1), /promise|Promise/i],
  ['a weak map', () => new WeakMap(), /WeakMap/],
  ['a generator', () => (function* () {})(), /Generator|cross/],
  ['a hook', () => Miou.Hook.add(() => {}), /hook|function/],
  ['a syscall', () => Miou.syscall(), /syscall|task/i],
  ['a collector', () => Miou.orphans(), /collector|orphans/i],
  ['the current task', () => Miou.self(), /task/],
]
for (const [what, make, says] of refused) {
  test(`${what} is refused at the call, before anything has moved: InvalidArgument that names it`, async (t) => {
    await Miou.run(function* () {
      const value = make()
      const m = Miou.Mutex.create()
      for (const args of [
        [value],
        [1, { deep: [value] }],
        [m, new Map([[1, value]])],
        [new Error('e', { cause: 1 }), value],
      ]) {
        refuses(t, () => Miou.call(all, args), Miou.InvalidArgument, says)
      }
      t.deepEqual(yield* Miou.call(all, [1, 'x']), [1, 'x'], 'and the domains are as before')
      if (value instanceof Object && 'fn' in value) Miou.Hook.remove(value as never)
    }, two)
  })
}

test('a getter that throws is its own error, and nothing has moved', async (t) => {
  await Miou.run(function* () {
    const m = Miou.Mutex.create()
    const trap = {
      get a(): never {
        throw new RangeError('a trap')
      },
    }
    refuses(t, () => Miou.call(all, [1, m, [trap]]), RangeError, /^a trap$/)
    t.deepEqual(yield* Miou.call(all, [1, 'x']), [1, 'x'])
  }, two)
})

test('a refusal says where the value stands', async (t) => {
  await Miou.run(function* () {
    refuses(t, () => Miou.call(all, [1, { list: [0, () => 1] }]), Miou.InvalidArgument, /\[1\]\.list\[1\]/)
    const child = Miou.call(spin, [])
    refuses(t, () => Miou.call(all, [{ child }]), Miou.InvalidArgument, /\[0\]\.child .*a task: only its parent/)
    yield* Miou.cancel(child)
  }, two)
})

for (const what of ['function', 'nested', 'promise', 'weak', 'task']) {
  test(`a remote result that can not cross is the error of its task (${what})`, async (t) => {
    await Miou.run(function* () {
      const result = yield* Miou.await(Miou.call(returns, [what]))
      isError(t, result.ok || result.error, Miou.InvalidArgument, /result of a task.*can't cross/)
    }, two)
  })
}

test('a getter runs once, and an object of a class of the user’s crosses as a plain one', async (t) => {
  class Point {
    constructor(
      readonly x: number,
      readonly y: number,
    ) {}
  }
  let asked = 0
  await Miou.run(function* () {
    const back = yield* Miou.call(echo<unknown>, [new Point(1, 2)])
    t.deepEqual(back, { x: 1, y: 2 })
    const lazy = {
      get value() {
        asked++
        return asked
      },
    }
    yield* Miou.call(echo<unknown>, [{ lazy }])
    t.is(asked, 1)
  }, two)
})

test('a value that is nested too deeply is refused by name', async (t) => {
  let deep: unknown = Miou.Mutex.create()
  for (let i = 0; i < 200_000; i++) deep = [deep]
  await Miou.run(function* () {
    refuses(t, () => Miou.call(echo, [deep as number]), Miou.InvalidArgument, /deep/)
    refuses(t, () => Miou.Queue.enqueue(Miou.Queue.create<unknown>(), deep), Miou.InvalidArgument, /deep/)
  }, two)
})

test('a value may be nested a thousand deep; one that is deeper is refused where it is sent, as the result of a task too', async (t) => {
  await Miou.run(function* () {
    for (const [kind, nest] of nestings.entries()) {
      const fits = nested(nest, 1000, 1)
      t.deepEqual(yield* Miou.call(echo, [fits as number]), fits as number)
      refuses(t, () => Miou.call(echo, [[fits] as never]), Miou.InvalidArgument, /too deeply/)
      for (const depth of [1002, 2000, 5000, 50_000]) {
        const result = yield* Miou.await(Miou.call(nests, [kind, depth]))
        const { message } = isError(t, result.ok || result.error, Miou.InvalidArgument, /too deeply/)
        t.true(message.length < 400)
      }
    }
    let lazy: Miou.Lazy<unknown> = Miou.Lazy.fromValue(1)
    for (let i = 0; i < 5000; i++) lazy = Miou.Lazy.fromValue({ lazy })
    refuses(t, () => Miou.call(echo, [lazy as never]), Miou.InvalidArgument, /too deeply/)
  }, two)
})

test('of an error with thousands of causes some hundred cross, and what the next one looks like', async (t) => {
  await Miou.run(function* () {
    let error: unknown = 'the first'
    for (let i = 0; i < 5000; i++) error = new RangeError(`error ${i}`, { cause: error })
    let at: unknown = yield* Miou.call(echo<unknown>, [error])
    let count = 0
    for (; at instanceof RangeError; at = at.cause) count++
    t.true(count > 300)
    t.regex(at as string, new RegExp(`error ${4999 - count}`))
  }, two)
})
