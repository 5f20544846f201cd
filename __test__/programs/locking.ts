import * as Miou from 'miou'
import { normal } from '../../dist/ready.js'
import { never, reaches } from '../support/waiting.js'

/* Portable functions about mutexes and conditions. */

const { meta } = { meta: import.meta }
const { Mutex, Condition } = Miou

/** Adds 1 to a word, plainly, under a mutex. */
export function* incrementLocked(m: Miou.Mutex, counter: Int32Array, times: number): Generator<Miou.Suspension, void> {
  for (let i = 0; i < times; i++) {
    using _ = yield* Mutex.lock(m)
    const seen = counter[0]!
    if (i % 100 === 0) yield* Miou.yield()
    counter[0] = seen + 1
  }
}

export const incrementsOf = Miou.portable(
  meta,
  function* incrementsOf({ m, counter, times }: { m: Miou.Mutex; counter: Int32Array; times: number }) {
    yield* incrementLocked(m, counter, times)
  },
)

/** Whether the mutex of a name is free. */
export const triesNamed = Miou.portable(meta, function* triesNamed(name: string) {
  const m = Mutex.create(name)
  const taken = Mutex.tryLock(m)
  if (taken) Mutex.unlock(m)
  return taken
})

/** Counts word 0 up when it has locked, and word 1 when it is about to unlock. */
export const locks = Miou.portable(meta, function* locks(m: Miou.Mutex, counter: Int32Array) {
  using _ = yield* Mutex.lock(m)
  Atomics.add(counter, 0, 1)
  try {
    yield* Miou.yield()
  } finally {
    Atomics.add(counter, 1, 1)
  }
})

/** Locks, and waits for ever. */
export const locksForEver = Miou.portable(meta, function* locksForEver(m: Miou.Mutex) {
  yield* Mutex.protect(m, never)
})

/** The reason for which an unlock is refused here. */
export const unlocks = Miou.portable(meta, function* unlocks(m: Miou.Mutex) {
  try {
    Mutex.unlock(m)
    return 'unlocked it'
  } catch (error) {
    return (error as Miou.MutexError).reason
  }
})

/** Locks, counts word 0 up, and ends its domain. */
export const holdsAndDies = Miou.portable(meta, function* holdsAndDies(m: Miou.Mutex, words: Int32Array): Generator<
  Miou.Suspension,
  void
> {
  yield* Mutex.lock(m)
  Atomics.add(words, 0, 1)
  for (let i = 0; i < 10; i++) yield* Miou.yield()
  process.exit(0)
})

/** Waits until word 0 is 1; counts word 1 up when it has begun, and word 2 when it was woken. */
export const waits = Miou.portable(
  meta,
  function* waits(c: Miou.Condition, m: Miou.Mutex, words: Int32Array): Generator<Miou.Suspension, number> {
    using _ = yield* Mutex.lock(m)
    Atomics.add(words, 1, 1)
    while (Atomics.load(words, 0) === 0) yield* Condition.wait(c, m)
    Atomics.add(words, 2, 1)
    return Miou.Domain.self()
  },
)

/** Sets word 0 and signals a condition, to one or to all. */
export const signals = Miou.portable(meta, function* signals(c: Miou.Condition, words: Int32Array, all: boolean) {
  Atomics.store(words, 0, 1)
  if (all) Condition.broadcast(c)
  else Condition.signal(c)
})

/** Plays `rounds` rounds of ping-pong: it is our turn where word 0 modulo 2 is `me`. */
export const pingPong = Miou.portable(
  meta,
  function* pingPong(c: Miou.Condition, m: Miou.Mutex, words: Int32Array, me: number, rounds: number) {
    for (let i = 0; i < rounds; i++) {
      using _ = yield* Mutex.lock(m)
      while (words[0]! % 2 !== me) yield* Condition.wait(c, m)
      words[0]!++
      Condition.signal(c)
    }
  },
)

/** Waits on a condition, having set word 0; ends its domain once word 1 is set. */
export const diesRelocking = Miou.portable(
  meta,
  function* diesRelocking(c: Miou.Condition, m: Miou.Mutex, words: Int32Array): Generator<Miou.Suspension, void> {
    yield* Miou.Mutex.lock(m)
    Miou.async(function* () {
      Atomics.store(words, 0, 1)
      yield* reaches(words, 1)
      process.exit(0)
    })
    yield* Miou.Condition.wait(c, m)
  },
)

/** Waits; its domain ends where it has been signaled, and holds the mutex again, and has not run since. */
export const diesWoken = Miou.portable(
  meta,
  function* diesWoken(c: Miou.Condition, m: Miou.Mutex, words: Int32Array): Generator<Miou.Suspension, void> {
    yield* Miou.Mutex.lock(m)
    Miou.async(function* () {
      Atomics.store(words, 0, 1)
      // Nobody else is here who could run.
      while (normal.length === 0) yield* Miou.yield()
      process.exit(0)
    })
    yield* Miou.Condition.wait(c, m)
    Atomics.store(words, 1, 1)
  },
)

/** Ends while it holds all of them. */
export const keepsAll = Miou.portable(meta, function* keepsAll(...mutexes: Miou.Mutex[]) {
  for (const m of mutexes) yield* Mutex.lock(m)
})
