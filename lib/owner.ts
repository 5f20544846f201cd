import { place, rust } from './domain-thread.js'
import { InvalidArgument } from './errors.js'
import { extra } from './extra.js'
import { interruptAll } from './interrupt.js'
import { debugging } from './log.js'
import type { Mutex } from './mutex.js'
import { schedule } from './ready.js'
import { COMPLETED, words } from './ring.js'
import { noteSite } from './site.js'
import type { TaskRecord } from './task.js'
import { world } from './world.js'

/*
 * Who holds a mutex: the place of the domain and a number, shifted left by one, since the lowest bit of the word says that
 * somebody waits. Number 0 is the thread itself, outside of tasks.
 */

/** Numbers that there are: 20 bits. */
const NUMBERS = 2 ** 20

const free: number[] = []
let next = 1

/** This thread as an owner, for `lockSync`. */
export function threadOwner(): number {
  rust()
  return place() << 21
}

/**
 * The id of a task as an owner, from its first lock to its end.
 *
 * @throws `InvalidArgument` where a million tasks of this domain have one.
 */
export function ownerOf(task: TaskRecord): number {
  const known = task.extra
  return known !== null && known.owner !== 0 ? known.owner : newOwner(task)
}

function newOwner(task: TaskRecord): number {
  rust()
  const more = extra(task)
  more.owner = (place() << 21) | (vacant() << 1)
  return more.owner
}

function vacant(): number {
  const number = free.pop()
  if (number !== undefined) return number
  if (next < NUMBERS) return next++
  throw new InvalidArgument(`${NUMBERS - 1} tasks of this domain have locked a mutex and live: no more can lock one`)
}

/** A task holds a mutex from now on. Hardly any holds two: an array for one costs more than the lock. */
export function hold(task: TaskRecord, mutex: Mutex): void {
  const more = extra(task)
  if (debugging()) noteSite(mutex)
  if (more.mutex === null) more.mutex = mutex
  else if (more.mutexes === undefined) more.mutexes = [mutex]
  else more.mutexes.push(mutex)
}

/** A task has given a mutex up. */
export function drop(task: TaskRecord, mutex: Mutex): void {
  const more = extra(task)
  if (more.mutex === mutex) {
    more.mutex = null
    return
  }
  const at = more.mutexes === undefined ? -1 : more.mutexes.indexOf(mutex)
  if (at >= 0) more.mutexes!.splice(at, 1)
}

/** Gives up a word that `owner` holds: by itself where nobody waits, in Rust otherwise. 0: done. */
export function giveUp(mutex: number, owner: number): number {
  if (Atomics.compareExchange(world, mutex, owner, 0) === owner) return 0
  const outcome = rust().unlock(mutex, owner)
  handedOn()
  return outcome
}

/** Rust has just handed something on: to tasks of this domain, whose completions lie in the ring, or to others. */
export function handedOn(): void {
  if (words[COMPLETED]! > 0) schedule()
  interruptAll()
}

/** A task has ended: the mutexes that it holds pass on, and are returned. */
export function passOnMutexes(task: TaskRecord): readonly Mutex[] {
  const more = extra(task)
  const mutexes = more.mutexes ?? []
  if (more.mutex !== null) mutexes.unshift(more.mutex)
  more.mutexes = undefined
  more.mutex = null
  for (const { word } of mutexes) giveUp(word, more.owner)
  return mutexes
}

/** A task is over: its number is free again. */
export function releaseOwner(task: TaskRecord): void {
  const owner = task.extra?.owner ?? 0
  if (owner === 0) return
  task.extra!.owner = 0
  free.push((owner >> 1) & (NUMBERS - 1))
}
