import { performance } from 'node:perf_hooks'
import { Heap, type Placed } from './heap.js'

/** Milliseconds of the longest timer that Node itself has; those here have no longest. */
export const LONGEST = 0x7fffffff

/** Something that is to happen at a time. Where it is cancelled it leaves at once, and costs nothing from then on. */
export interface Timer extends Placed {
  /** Milliseconds of `performance.now()`. */
  deadline: number
  /** Tells timers of the same deadline apart: first set, first due. */
  order: number
  /** Its time has come. */
  elapse(): void
}

const timers = new Heap<Timer>((a, b) => a.deadline < b.deadline || (a.deadline === b.deadline && a.order < b.order))
let order = 0

/** Sets a timer that is `ms` milliseconds away. */
export function setTimer(timer: Timer, ms: number): void {
  timer.deadline = performance.now() + ms
  timer.order = order++
  timers.add(timer)
}

/** Takes a timer back; does nothing where it has elapsed. */
export function clearTimer(timer: Timer): void {
  timers.remove(timer)
}

/** Lets all timers elapse whose time has come, in the order of their deadlines. */
export function elapseTimers(): void {
  if (timers.length === 0) return
  const now = performance.now()
  for (let due = timers.first; due !== undefined && due.deadline <= now; due = timers.first) {
    timers.remove(due)
    due.elapse()
  }
}

/** The deadline that comes first, in milliseconds of `performance.now()`; -1 where there is none. */
export function nextDeadline(): number {
  return timers.first?.deadline ?? -1
}
