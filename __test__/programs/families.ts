import * as Miou from 'miou'
import { forever } from '../support/waiting.js'
import { spin } from './numbers.js'

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
