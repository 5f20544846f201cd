import * as Miou from 'miou'

/* Portable functions about what is owned and held. */

const { meta } = { meta: import.meta }

/** Counts word 0 of what it finalises up. */
export const countFinalised = Miou.portable(meta, function countFinalised(words: Int32Array) {
  Atomics.add(words, 0, 1)
})

/** A resource that may cross: finalising it counts word 0 up. */
export function heldResource(words: Int32Array): Miou.Resource<Int32Array> {
  return Miou.Ownership.create(words, countFinalised)
}

/** Locks a mutex, and says on which domain it goes on. */
export const locked = Miou.portable(meta, function* locked(m: Miou.Mutex) {
  using _ = yield* Miou.Mutex.lock(m)
  return Miou.Domain.self()
})
