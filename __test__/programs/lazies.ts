import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { never, reaches } from '../support/waiting.js'

/* Portable functions about lazy values. */

const { meta } = { meta: import.meta }

/** Words that the functions below count in: a queue carries no shared memory, a module of each domain does not cross. */
let shared: Int32Array = new Int32Array(new SharedArrayBuffer(16))

/** Gives this domain the words that `computes` and others count in. */
export const countIn = Miou.portable(meta, function* countIn(words: Int32Array) {
  shared = words
})

/** Counts word 0 up, waits until word 1 is set, and says on which domain it ran. */
export const computes = Miou.portable(meta, function* computes(): Generator<Miou.Suspension, { domain: number }> {
  Atomics.add(shared, 0, 1)
  yield* reaches(shared, 1)
  return { domain: Miou.Domain.self() }
})

/** Counts word 0 up and fails. */
export const fails = Miou.portable(meta, function* fails(): Generator<Miou.Suspension, never> {
  Atomics.add(shared, 0, 1)
  yield* Miou.yield()
  throw new RangeError(`failed on domain ${Miou.Domain.self()}`)
})

/** Returns what can't cross. */
export const returnsFunction = Miou.portable(meta, function* returnsFunction() {
  return () => 1
})

/** Counts word 0 up; the first time ends its domain, or waits for ever and swallows every Cancelled, as word 2 says. */
export const stumbles = Miou.portable(meta, function* stumbles(): Generator<Miou.Suspension, string> {
  if (Atomics.add(shared, 0, 1) > 0) return 'the second time'
  if (Atomics.load(shared, 2) === 0) {
    yield* never()
  } else if (Atomics.load(shared, 2) === 1) {
    for (;;) {
      try {
        yield* never()
      } catch {}
    }
  } else {
    yield* reaches(shared, 1)
    process.exit(3)
  }
  return 'never'
})

/** Forces a lazy value, having counted word 3 up. */
export const forces = Miou.portable(meta, function* forces<T>(lazy: Miou.Lazy<T>, words: Int32Array): Generator<
  Miou.Suspension,
  T
> {
  shared = words
  Atomics.add(words, 3, 1)
  return yield* Miou.Lazy.force(lazy)
})

/** Makes a lazy value over a portable function, forces it where `force` says so, and returns it. */
export const makesLazy = Miou.portable(meta, function* makesLazy(words: Int32Array, force: boolean) {
  shared = words
  const lazy = Miou.Lazy.fromFunction(computes)
  if (force) yield* Miou.Lazy.force(lazy)
  return lazy
})

/** Returns a descriptor. */
export const opens = Miou.portable(meta, function* opens() {
  return Unix.tcpv4()
})
