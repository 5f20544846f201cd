// What the primitives run on other domains: functions of a module of its own, which those domains import.

import * as Miou from '../dist/index.js'
import { hashFolder } from './folder.mjs'

/** Gives back what it was given. */
export const echo = Miou.portable(import.meta, function* echo(value) {
  return value
})

/** Keeps its domain awake until it is cancelled. */
export const spin = Miou.portable(import.meta, function* spin() {
  for (;;) yield* Miou.yield()
})

/** Locks and unlocks. */
export const lockMany = Miou.portable(import.meta, function* lockMany(mutex, count) {
  for (let i = 0; i < count; i++) {
    yield* Miou.Mutex.lock(mutex)
    Miou.Mutex.unlock(mutex)
  }
})

/** Waits until `turn` is its own, makes it the other's, and signals, `count` times. */
export function* alternate(mutex, condition, turn, own, count) {
  for (let i = 0; i < count; i++) {
    yield* Miou.Mutex.lock(mutex)
    while (turn[0] !== own) yield* Miou.Condition.wait(condition, mutex)
    turn[0] = 1 - own
    Miou.Condition.signal(condition)
    Miou.Mutex.unlock(mutex)
  }
}

/** The same on another domain: `turn` is a view of shared memory there. */
export const alternateThere = Miou.portable(import.meta, function* alternateThere(mutex, condition, turn, own, count) {
  yield* alternate(mutex, condition, turn, own, count)
})

/** Puts the numbers below `count` on a queue. */
export const produce = Miou.portable(import.meta, function* produce(queue, count) {
  for (let i = 0; i < count; i++) {
    Miou.Queue.enqueue(queue, i)
    // Without a switch its domain would do nothing else until the end.
    if (i % 1000 === 999) yield* Miou.yield()
  }
})

/** Hashes the files of a folder. */
export const hash = Miou.portable(import.meta, function* hash(folder) {
  return hashFolder(folder)
})
