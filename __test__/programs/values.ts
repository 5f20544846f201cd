import * as Miou from 'miou'
import { never } from '../support/waiting.js'

/* Portable functions about what crosses between domains. */

const { meta } = { meta: import.meta }

/** Returns what it is given, and how many arguments these were. */
export const all = Miou.portable(meta, function* all(...args: unknown[]) {
  return args
})

/** What a value looks like here. */
export const describe = Miou.portable(meta, function* describe(value: unknown): Generator<never, string> {
  if (typeof value !== 'object' || value === null) return `${typeof value} ${String(value)}`
  return `${value.constructor?.name} ${Object.prototype.toString.call(value)}`
})

/** Whether two values are one and the same here. */
export const same = Miou.portable(meta, function* same(values: unknown[]) {
  return values[0] === values[1]
})

/** Adds one to every byte. */
export const increment = Miou.portable(meta, function* increment(bytes: Uint8Array) {
  for (let i = 0; i < bytes.length; i++) bytes[i]!++
  return bytes
})

/** An error class that other domains do not know. */
export class Teapot extends Error {
  override name = 'Teapot'
  code = 'E_TEAPOT'
  detail = { litres: 2 }
}

/** Throws what the name says. */
export const throws = Miou.portable(meta, function* throws(what: string): Generator<never, never> {
  switch (what) {
    case 'range':
      throw new RangeError('out of range')
    case 'teapot':
      throw new Teapot('short and stout', { cause: new TypeError('the cause') })
    case 'system':
      throw Object.assign(new Error('no such file'), { code: 'ENOENT', errno: -2, syscall: 'open', path: '/nowhere' })
    case 'aggregate':
      throw new AggregateError([new Error('one'), new Miou.Empty('two is empty')], 'several')
    case 'ours':
      throw new Miou.MutexError('leaked', 'a mutex was left')
    case 'number':
      throw 42
    case 'undefined':
      throw undefined
    case 'object':
      throw { plain: true }
    case 'itself': {
      const error: Error & { self?: unknown } = new Error('round')
      error.self = error
      error.cause = error
      throw error
    }
    case 'uncloneable':
      throw Object.assign(new Error('with a function'), {
        fn: () => 1,
        promise: Promise.resolve(),
        map: new WeakMap(),
        fine: 1,
      })
    case 'unreadable':
      throw Object.defineProperty(new Error('with a getter'), 'bad', {
        enumerable: true,
        get() {
          throw new RangeError('the getter')
        },
      })
    case 'frozen':
      throw Object.freeze(new Error('frozen'))
    default:
      throw new DOMException('gone', 'AbortError')
  }
})

/** Returns what can not cross. */
export const returns = Miou.portable(meta, function* returns(what: string): Generator<Miou.Suspension, unknown> {
  switch (what) {
    case 'function':
      return () => 1
    case 'nested':
      return { deep: [new Map([['key', Symbol('s')]])] }
    case 'promise':
      return Promise.resolve(1)
    case 'weak':
      return new WeakMap()
    case 'task':
      return Miou.self()
    case 'nothing':
      return undefined
    case 'spawning':
      return {
        get spawned(): number {
          return Miou.async(() => Miou.yield()).id
        },
      }
    case 'unreadable':
    case 'unreadable error':
      return {
        get bad(): never {
          throw what === 'unreadable' ? () => 1 : Proxy.revocable({ f() {} }, {}).proxy
        },
      }
    default:
      return Miou.async(function* () {})
  }
})

/** Calls itself by its bare name, down to 0. */
export const countDown = Miou.portable(meta, function* countDown(n: number): Generator<Miou.Suspension, number[]> {
  const here = Miou.Domain.self()
  if (n === 0) return [here]
  return [here, ...(yield* Miou.call(countDown, [n - 1]))]
})

/** How often this module was told to count, on this domain. */
let counted = 0
export const counts = Miou.portable(meta, function* counts(): Generator<never, [domain: number, counted: number]> {
  return [Miou.Domain.self(), ++counted]
})

/** Not a generator: returns an operation. */
export const returnsOperation = Miou.portable(
  meta,
  (value: number) =>
    Miou.async(function* () {
      return value + 1
    }),
  'returnsOperation',
)

/** What `Domain` says here. */
export const domains = Miou.portable(meta, function* domains() {
  return { self: Miou.Domain.self(), all: Miou.Domain.all(), available: Miou.Domain.available() }
})

/** Returns an object whose getter puts a value on a queue. */
export const readsThere = Miou.portable(meta, function* readsThere(queue: Miou.Queue<unknown>) {
  return {
    get inside() {
      if (Miou.Queue.isEmpty(queue)) Miou.Queue.enqueue(queue, { by: 'the getter' })
      return 'read'
    },
  }
})

/** Awaits what another domain throws. */
export const passesOn = Miou.portable(meta, function* passesOn(what: string): Generator<Miou.Suspension, void> {
  yield* Miou.call(throws, [what])
})

/** The stack that an error has here. */
export const stackOf = Miou.portable(meta, function* stackOf(error: Error) {
  return error.stack
})

/** A lazy value that fails. */
export const failsThere = Miou.portable(meta, function* failsThere(): Generator<never, never> {
  throw new Error('there')
})

/** Forces a lazy value. */
export const forces = Miou.portable(meta, function* forces(lazy: Miou.Lazy<unknown>) {
  yield* Miou.Lazy.force(lazy)
})

/** Makes shared memory. */
export const makesMemory = Miou.portable(meta, function* makesMemory() {
  return new SharedArrayBuffer(4)
})

/** Waits to be cancelled, and throws what can't cross while it unwinds. Counts word 0 up when it waits. */
export const unwinds = Miou.portable(meta, function* unwinds(words: Int32Array): Generator<Miou.Suspension, void> {
  try {
    Atomics.add(words, 0, 1)
    yield* never()
  } finally {
    // biome-ignore lint/correctness/noUnsafeFinally: what is thrown in its place is what this is for
    throw () => 1
  }
})

/** A value in as many others. */
export function nested(nest: (part: unknown) => unknown, depth: number, value: unknown): unknown {
  let deep = value
  for (let i = 0; i < depth; i++) deep = nest(deep)
  return deep
}

/** What a value may be in. */
export const nestings: ((part: unknown) => unknown)[] = [
  (part) => [part],
  (part) => ({ part }),
  (part) => new Map([['part', part]]),
  (part) => new Set([part]),
]

/** Returns something in as many arrays, objects, maps or sets. */
export const nests = Miou.portable(meta, function* nests(kind: number, depth: number): Generator<never, unknown> {
  return nested(nestings[kind]!, depth, 1)
})
