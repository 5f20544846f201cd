import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { never } from '../support/waiting.js'

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

/** Owns what it is given: throws, or counts word 1 up and waits for ever where it is given words. */
export const takesResource = Miou.portable(meta, function* takesResource(words?: Int32Array): Generator<
  Miou.Suspension,
  never
> {
  if (words === undefined) throw new Error('taken')
  Atomics.add(words, 1, 1)
  return yield* never()
})

/** Hands what it was given back, and returns it. */
export const transfersBack = Miou.portable(meta, function* transfersBack(resource: Miou.Resource) {
  Miou.Ownership.check(resource)
  yield* Miou.Ownership.transfer(resource)
  return resource
})

/** Makes a resource of words and hands it to its parent. */
export const transfersFrom = Miou.portable(meta, function* transfersFrom(words: Int32Array) {
  const resource = heldResource(words)
  Miou.Ownership.own(resource)
  yield* Miou.Ownership.transfer(resource)
})

/** Returns while it owns. */
export const leaksResource = Miou.portable(meta, function* leaksResource(words: Int32Array) {
  Miou.Ownership.own(heldResource(words))
})

/** As transfersFrom; sets word 1 before it hands it over, and word 2 after. */
export const transfersSlowly = Miou.portable(meta, function* transfersSlowly(words: Int32Array) {
  const resource = heldResource(words)
  Miou.Ownership.own(resource)
  Atomics.store(words, 1, 1)
  yield* Miou.Ownership.transfer(resource)
  Atomics.store(words, 2, 1)
})

/** Yields what is no operation. */
export const yieldsForeign = Miou.portable(meta, function* yieldsForeign(): Generator<never, void> {
  yield 1 as never
})

/** Calls one that returns while it owns. */
export const callsLeaking = Miou.portable(meta, function* callsLeaking(words: Int32Array) {
  yield* Miou.call(leaksResource, [words])
})

/** Closes the descriptor that is the value of a resource, among other things. */
export const closesIt = Miou.portable(meta, function closesIt({ fd }: { fd: Unix.FileDescr }) {
  Unix.close(fd)
})

/** Releases what it was given. */
export const releases = Miou.portable(meta, function* releases(resource: Miou.Resource) {
  Miou.Ownership.release(resource)
})
