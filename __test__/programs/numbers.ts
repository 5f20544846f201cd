import * as Miou from 'miou'
import { forgetDomain } from '../../dist/lost.js'
import { forever, never, reaches } from '../support/waiting.js'

/* Portable functions that most cases need. Every domain imports this module: nothing here may call ava. */

const { meta } = { meta: import.meta }

/** Returns what it is given. */
export const echo = Miou.portable(meta, function* echo<T>(value: T) {
  return value
})

/** The number of the domain that it runs on. */
export const domainOf = Miou.portable(meta, function* domainOf() {
  return Miou.Domain.self()
})

/** Yields for ever. */
export const spin = Miou.portable(meta, forever, 'spin')

/** Waits for ever, for nothing. */
export const hang = Miou.portable(meta, never, 'hang')

/** Throws an error with this message. */
export const fail = Miou.portable(meta, function* fail(message: string): Generator<never, never> {
  throw new Error(message)
})

/** Counts one word up. */
export const count = Miou.portable(meta, function* count(words: Int32Array, at: number) {
  Atomics.add(words, at, 1)
})

/** Its own domain and that of a child that it calls. */
export const twoDomains = Miou.portable(meta, function* twoDomains(): Generator<Miou.Suspension, [number, number]> {
  const child = Miou.call(domainOf, [])
  return [yield* child, Miou.Domain.self()]
})

/** Counts word `started` up, waits until it is cancelled, yields some, and counts word `unwound` up. */
export const lives = Miou.portable(
  meta,
  function* lives(words: Int32Array, started: number, unwound: number): Generator<Miou.Suspension, void> {
    Atomics.add(words, started, 1)
    try {
      yield* forever()
    } finally {
      yield* Miou.shield(function* () {
        for (let i = 0; i < 20; i++) yield* Miou.yield()
      })
      Atomics.add(words, unwound, 1)
    }
  },
)

/** A tree of `lives`: on this domain and on the others, `depth` deep. Counts as `lives` does. */
export const tree = Miou.portable(meta, function* tree(words: Int32Array, depth: number): Generator<
  Miou.Suspension,
  void
> {
  if (depth > 0) {
    Miou.call(tree, [words, depth - 1])
    Miou.async(() => tree(words, depth - 1))
  }
  yield* lives(words, 0, 1)
})

/** A tree as above whose root throws as soon as `total` tasks of it have started. */
export const failingTree = Miou.portable(meta, function* failingTree(words: Int32Array, total: number): Generator<
  Miou.Suspension,
  never
> {
  Miou.call(tree, [words, 2])
  Miou.async(() => tree(words, 1))
  Miou.call(lives, [words, 0, 1])
  yield* reaches(words, 0, total)
  throw new Error('the root of the tree')
})

/** Has another domain return what this one is given. */
export const echoesAt = Miou.portable(meta, function* echoesAt(pin: number, value: unknown): Generator<
  Miou.Suspension,
  unknown
> {
  return yield* Miou.call(echo, [value], { pin })
})

/** Forgets what this domain knows of another one, as if it was new. */
export const isNew = Miou.portable(meta, function* isNew(of: number) {
  forgetDomain(of)
})
