import * as Miou from 'miou'
import { forever } from '../support/waiting.js'
import { domainOf, lives, spin } from './numbers.js'

/* Portable functions that spawn. */

const { meta } = { meta: import.meta }

/** Has two children that yield for ever, and awaits them. */
export const spinTwice = Miou.portable(meta, function* spinTwice(): Generator<Miou.Suspension, void> {
  const a = Miou.async(forever)
  const b = Miou.async(forever)
  yield* a
  yield* b
})

/** Calls a child that never ends, and throws. */
export const callsAndThrows = Miou.portable(meta, function* callsAndThrows(): Generator<Miou.Suspension, void> {
  Miou.call(spin, [])
  throw new Error('foo')
})

/** The ids of `count` children. */
export const ids = Miou.portable(meta, function* ids(count: number): Generator<Miou.Suspension, number[]> {
  const tasks = Array.from({ length: count }, () => Miou.async(function* () {}))
  yield* Miou.awaitAll(tasks)
  return tasks.map((task) => task.id)
})

/** Returns without awaiting its child. */
export const forgets = Miou.portable(meta, function* forgets() {
  Miou.async(forever, { name: 'left' })
  yield* Miou.yield()
})

/** Returns without awaiting a child; named by itself. */
export const forgetsNamed = Miou.portable(meta, function* forgetsNamed() {
  Miou.async(forever)
})

/** Whether it is refused to pin a call to its own domain. */
export const pinsItself = Miou.portable(meta, function* pinsItself() {
  try {
    Miou.call(spin, [], { pin: Miou.Domain.self() })
    return false
  } catch (error) {
    return error instanceof Miou.InvalidArgument
  }
})

/** The domains that `parallel` uses from here, for `n` items. */
export const parallelWithin = Miou.portable(meta, function* parallelWithin(n: number) {
  const results = yield* Miou.parallel(
    domainOf as (item: number) => Miou.Operation<number>,
    Array.from({ length: n }, (_, i) => i),
  )
  return { own: Miou.Domain.self(), domains: results.map((result) => (result.ok ? result.value : -1)) }
})

/** Throws for odd numbers. */
export const failsOnOdd = Miou.portable(meta, function* failsOnOdd(n: number) {
  if (n % 2) throw new Error('odd')
  return n
})

/** `lives`, counting words 0 and 1. */
export const livesOf = Miou.portable(meta, function* livesOf(words: Int32Array) {
  yield* lives(words, 0, 1)
})
