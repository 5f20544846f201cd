import { performance } from 'node:perf_hooks'

/** Something that is to happen at a time. */
export interface Timer {
  /** Milliseconds of `performance.now()`. */
  deadline: number
  /** Tells timers of the same deadline apart: first set, first due. */
  order: number
  /** Place in the heap; -1 outside of it. */
  place: number
  /** Its time has come. */
  elapse(): void
}

/*
 * A binary heap whose elements know their place, so that a cancelled sleeper leaves at once and costs nothing from then
 * on. (J. W. J. Williams, Algorithm 232, 1964.)
 */
const heap: Timer[] = []
let order = 0

function before(a: Timer, b: Timer): boolean {
  return a.deadline < b.deadline || (a.deadline === b.deadline && a.order < b.order)
}

function put(timer: Timer, place: number): void {
  heap[place] = timer
  timer.place = place
}

function up(timer: Timer, from: number): void {
  let place = from
  while (place > 0) {
    const above = (place - 1) >> 1
    if (!before(timer, heap[above]!)) break
    put(heap[above]!, place)
    place = above
  }
  put(timer, place)
}

function down(timer: Timer, from: number): void {
  let place = from
  for (;;) {
    let below = 2 * place + 1
    if (below >= heap.length) break
    if (below + 1 < heap.length && before(heap[below + 1]!, heap[below]!)) below++
    if (!before(heap[below]!, timer)) break
    put(heap[below]!, place)
    place = below
  }
  put(timer, place)
}

/** Sets a timer that is `ms` milliseconds away. */
export function setTimer(timer: Timer, ms: number): void {
  timer.deadline = performance.now() + ms
  timer.order = order++
  up(timer, heap.length)
}

/** Takes a timer back; does nothing where it has elapsed. */
export function clearTimer(timer: Timer): void {
  const place = timer.place
  if (place < 0) return
  timer.place = -1
  const last = heap.pop()!
  if (last === timer) return
  down(last, place)
  up(last, last.place)
}

/** Lets all timers elapse whose time has come, in the order of their deadlines. */
export function elapseTimers(): void {
  if (heap.length === 0) return
  const now = performance.now()
  while (heap.length > 0 && heap[0]!.deadline <= now) {
    const due = heap[0]!
    clearTimer(due)
    due.elapse()
  }
}

/** The deadline that comes first, in milliseconds of `performance.now()`; -1 where there is none. */
export function nextDeadline(): number {
  return heap.length === 0 ? -1 : heap[0]!.deadline
}
