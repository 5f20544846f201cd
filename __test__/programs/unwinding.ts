import * as Miou from 'miou'
import { never, reaches } from '../support/waiting.js'

/* Portable functions about how tasks unwind. */

const { meta } = { meta: import.meta }

/** Counts word 0 up, then swallows every Cancelled, counting word 1 up each time, and word 2 where it is made to stop. */
export const swallows = Miou.portable(meta, function* swallows(words: Int32Array): Generator<Miou.Suspension, void> {
  Atomics.add(words, 0, 1)
  try {
    for (;;) {
      try {
        yield* Miou.suspend(Miou.syscall())
      } catch {
        Atomics.add(words, 1, 1)
      }
    }
  } finally {
    Atomics.add(words, 2, 1)
  }
})

/** Counts word 0 up, waits to be cancelled, and then until word 1 has reached `turns`. */
export const unwindsAfter = Miou.portable(meta, function* unwindsAfter(words: Int32Array, turns: number) {
  Atomics.add(words, 0, 1)
  try {
    yield* never()
  } finally {
    yield* Miou.shield(() => reaches(words, 1, turns))
  }
})

/** Counts word 0 up, and throws while it unwinds. */
export const throwsUnwinding = Miou.portable(meta, function* throwsUnwinding(words: Int32Array): Generator<
  Miou.Suspension,
  void
> {
  Atomics.add(words, 0, 1)
  try {
    yield* never()
  } finally {
    // biome-ignore lint/correctness/noUnsafeFinally: what a clean-up throws is what this is about
    throw new RangeError('while it unwound')
  }
})

/** A chain of `depth` tasks, each the child of the one before. Counts word 0 up once all are there. */
export const descends = Miou.portable(meta, function* descends(words: Int32Array, depth: number) {
  let left = depth
  function* descend(): Generator<Miou.Suspension, void> {
    if (left-- > 0) return yield* Miou.async(descend)
    Atomics.add(words, 0, 1)
    yield* never()
  }
  yield* descend()
})
