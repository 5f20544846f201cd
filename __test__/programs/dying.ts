import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { forever, never, reaches } from '../support/waiting.js'
import { lives } from './numbers.js'
import { heldResource } from './resources.js'

/* Portable functions that end their domain. */

const { meta } = { meta: import.meta }

/** Ends its domain in this way. */
export const dies = Miou.portable(meta, function* dies(how: 'exit' | 'uncaught' | 'rejection' | 'memory'): Generator<
  Miou.Suspension,
  void
> {
  yield* Miou.yield()
  switch (how) {
    case 'exit':
      process.exit(0)
      break
    case 'uncaught':
      setTimeout(() => {
        throw new Error('foreign code')
      })
      break
    case 'rejection':
      void Promise.reject(new Error('foreign promise'))
      break
    case 'memory': {
      const rest: number[][] = []
      for (;;) rest.push(new Array(1e6).fill(Math.random()))
    }
  }
  yield* never()
})

/** Makes `count` descriptors, closes one more, and exits. */
export const opensAndDies = Miou.portable(meta, function* opensAndDies(count: number): Generator<
  Miou.Suspension,
  void
> {
  for (let i = 0; i < count; i++) Unix.tcpv4()
  Unix.close(Unix.udpv4())
  yield* Miou.yield()
  process.exit(0)
})

/** Calls `lives` on the other domains, and exits once they have started. */
export const callsAndDies = Miou.portable(meta, function* callsAndDies(words: Int32Array): Generator<
  Miou.Suspension,
  void
> {
  Miou.call(lives, [words, 0, 1])
  Miou.call(lives, [words, 0, 1])
  yield* reaches(words, 0, 2)
  process.exit(0)
})

/**
 * Calls itself along `path`. Each of them but those on `dying` counts words 0 and 1 as `lives` does; the first on `dying` exits
 * once the last has counted word 2.
 */
export const calledDeep = Miou.portable(
  meta,
  function* calledDeep(path: number[], words: Int32Array, dying: number): Generator<Miou.Suspension, void> {
    const [next, ...rest] = path
    const own = Miou.Domain.self() === dying
    const child = next === undefined ? undefined : Miou.call(calledDeep, [rest, words, dying], { pin: next })
    if (child === undefined) Atomics.add(words, 2, 1)
    if (own && child !== undefined) {
      yield* reaches(words, 2)
      process.exit(0)
    }
    if (own) yield* forever()
    Atomics.add(words, 0, 1)
    try {
      if (child !== undefined) yield* child
      yield* never()
    } finally {
      yield* Miou.shield(() => Unix.sleep(20))
      Atomics.add(words, 1, 1)
    }
  },
)

/**
 * Calls itself along `path`. The last counts word 0 up, and exits when word 1 is counted. The first does that once all chains, as
 * many as `chains`, have come to their ends, and exits 300 ms later: until then its domain answers nobody.
 */
export const chainDies = Miou.portable(
  meta,
  function* chainDies(
    path: number[],
    words: Int32Array,
    chains: number,
    first: boolean,
  ): Generator<Miou.Suspension, void> {
    const [next, ...rest] = path
    if (next === undefined) {
      Atomics.add(words, 0, 1)
      yield* reaches(words, 1)
      process.exit(0)
    }
    const child = Miou.call(chainDies, [rest, words, chains, false], { pin: next })
    if (first) {
      yield* reaches(words, 0, chains)
      Atomics.store(words, 1, 1)
      Atomics.wait(words, 2, 0, 300)
      process.exit(0)
    }
    yield* child
  },
)

/** Counts word 0 up; its domain exits soon, after `ms`. Returns at once where that is long. */
export const spawnsAndDies = Miou.portable(meta, function* spawnsAndDies(words: Int32Array, ms = 0): Generator<
  Miou.Suspension,
  void
> {
  setTimeout(() => process.exit(0), ms)
  Atomics.add(words, 0, 1)
  if (ms < 10) yield* never()
})

/** Makes a resource beside the one that it was given, and one that can not cross, and exits. */
export const holdsResource = Miou.portable(meta, function* holdsResource(words: Int32Array): Generator<
  Miou.Suspension,
  void
> {
  Miou.Ownership.own(heldResource(words))
  Miou.Ownership.own(Miou.Ownership.create(1, () => Atomics.add(words, 2, 1)))
  yield* Miou.yield()
  process.exit(0)
})

/** Releases a resource, disowns one, transfers one, has a child own one and return it, and exits. */
export const releasesAndDies = Miou.portable(meta, function* releasesAndDies(words: Int32Array): Generator<
  Miou.Suspension,
  void
> {
  const [released, disowned, transferred, given] = [1, 2, 3, 4].map(() =>
    heldResource(words),
  ) as Miou.Resource<Int32Array>[]
  for (const resource of [released, disowned, transferred, given]) Miou.Ownership.own(resource!)
  Miou.Ownership.release(released!)
  Miou.Ownership.disown(disowned!)
  yield* Miou.Ownership.transfer(transferred!)
  const child = Miou.async(
    function* () {
      Miou.Ownership.disown(given!)
    },
    { give: [given!] },
  )
  yield* child
  process.exit(0)
})

/** Transfers a resource once word 1 is set, in a shield where that is wanted. */
const transfersLate = Miou.portable(meta, function* transfersLate(words: Int32Array, shielded: boolean) {
  const resource = heldResource(words)
  Miou.Ownership.own(resource)
  Atomics.add(words, 1, 1)
  function* transfers(): Generator<Miou.Suspension, void> {
    yield* reaches(words, 1, 2)
    yield* Miou.Ownership.transfer(resource)
  }
  yield* shielded ? Miou.shield(transfers) : transfers()
})

/** Calls that, looks at no message any more once it may transfer, and exits. */
export const diesUnanswering = Miou.portable(
  meta,
  function* diesUnanswering(words: Int32Array, pin: number, shielded: boolean): Generator<Miou.Suspension, void> {
    Miou.call(transfersLate, [words, shielded], { pin })
    yield* reaches(words, 1)
    Atomics.add(words, 1, 1)
    Atomics.wait(words, 2, 0, 200)
    process.exit(0)
  },
)
