import * as Miou from 'miou'
import { reaches } from '../support/waiting.js'
import { lives } from './numbers.js'

const { meta } = { meta: import.meta }

/** Yields some, then counts word `at` up. */
const later = Miou.portable(meta, function* later(words: Int32Array, at: number) {
  for (let i = 0; i < 50; i++) yield* Miou.yield()
  Atomics.add(words, at, 1)
})

/**
 * In a shield: calls a child that it awaits, which counts word 1 up, and leaves one that lives on, which counts words 2 and 3.
 * Counts word 0 up once it is in the shield.
 */
export const shieldsAndCalls = Miou.portable(meta, function* shieldsAndCalls(words: Int32Array): Generator<
  Miou.Suspension,
  void
> {
  yield* Miou.shield(function* () {
    Miou.call(lives, [words, 2, 3])
    yield* reaches(words, 2)
    Atomics.add(words, 0, 1)
    yield* Miou.call(later, [words, 1])
  })
})

/** Counts word 0 up, waits until word 1 is not 0, and counts word 2 up. */
export const staysFor = Miou.portable(meta, function* staysFor(words: Int32Array) {
  Atomics.add(words, 0, 1)
  yield* reaches(words, 1)
  Atomics.add(words, 2, 1)
})

/** Calls that in a shield, and counts word 2 up once more. */
export const shieldsCall = Miou.portable(meta, function* shieldsCall(words: Int32Array, pin: number): Generator<
  Miou.Suspension,
  void
> {
  yield* Miou.shield(function* () {
    yield* Miou.call(staysFor, [words], { pin })
    Atomics.add(words, 2, 1)
  })
})
