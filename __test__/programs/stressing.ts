import * as Miou from 'miou'

/* Portable functions that tests of stress run on several domains. */

const { meta } = { meta: import.meta }
const { Mutex, Queue } = Miou

/** Adds one to word 0 so many times, without an atomic operation, under the mutex of that name. */
export const addsUnder = Miou.portable(
  meta,
  function* addsUnder(name: string, words: Int32Array, times: number): Generator<Miou.Suspension, void> {
    const mutex = Mutex.create(name)
    for (let i = 0; i < times; i++) {
      using _ = yield* Mutex.lock(mutex)
      words[0]!++
    }
  },
)

/** What one consumer has seen of one producer. */
export interface Seen {
  /** How many of its numbers. */
  count: number
  /** Their sum. */
  sum: number
  /** How often a number came that was not greater than the one before. */
  disorder: number
}

/** Takes numbers of so many producers until word 0, which counts what is left to be taken, is 0. */
export const counts = Miou.portable(
  meta,
  function* counts(
    queue: Miou.Queue<number>,
    words: Int32Array,
    producers: number,
  ): Generator<Miou.Suspension, Seen[]> {
    const seen: (Seen & { last: number })[] = []
    for (let i = 0; i < producers; i++) seen.push({ count: 0, sum: 0, disorder: 0, last: -1 })
    while (Atomics.load(words, 0) > 0) {
      for (let i = 0; i < 1000 && !Queue.isEmpty(queue); i++) {
        const number = takeFrom(queue)
        if (number < 0) break
        Atomics.sub(words, 0, 1)
        const of = seen[number % producers]!
        const value = Math.floor(number / producers)
        of.count++
        of.sum += value
        if (value <= of.last) of.disorder++
        of.last = value
      }
      yield* Miou.yield()
    }
    return seen.map(({ count, sum, disorder }) => ({ count, sum, disorder }))
  },
)

/** The oldest number; -1 where another consumer was quicker. */
function takeFrom(queue: Miou.Queue<number>): number {
  try {
    return Queue.dequeue(queue)
  } catch (error) {
    if (error instanceof Miou.Empty) return -1
    throw error
  }
}

/** Puts the numbers below `count` on a queue, times `producers`, plus its own number. */
export const numbers = Miou.portable(
  meta,
  function* numbers(
    queue: Miou.Queue<number>,
    count: number,
    own: number,
    producers: number,
  ): Generator<Miou.Suspension, void> {
    for (let i = 0; i < count; i++) {
      Queue.enqueue(queue, i * producers + own)
      if (i % 1000 === 999) yield* Miou.yield()
    }
  },
)
