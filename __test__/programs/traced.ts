import * as Miou from 'miou'
import { never } from '../support/waiting.js'

/* What is traced on every domain. */

/** Where the events of all domains come together. */
export const events = Miou.Queue.create<Miou.TraceEvent>('traced: events')

/** Puts an event there. */
export const notes = Miou.portable(import.meta, function notes(event: Miou.TraceEvent): void {
  Miou.Queue.enqueue(events, event)
})

/** Has children that end in every way. */
export const branches = Miou.portable(import.meta, function* branches(depth: number): Generator<Miou.Suspension, void> {
  const child = Miou.async(function* () {
    yield* Miou.yield()
  })
  const ticking = Miou.async(never)
  const failing = Miou.async(function* () {
    throw new Error('fails')
  })
  const called = depth > 0 ? [Miou.call(branches, [depth - 1])] : []
  const endless = depth > 0 ? Miou.call(lasts, []) : Miou.async(never)
  yield* Miou.awaitAll([child, failing, ...called])
  yield* Miou.cancel(ticking)
  yield* Miou.cancel(endless)
})

const lasts = Miou.portable(import.meta, function* lasts(): Generator<Miou.Suspension, void> {
  yield* never()
})

/** Ends the reporter of all domains. */
export const stopsReporting = Miou.portable(import.meta, function* stopsReporting(): Generator<never, void> {
  Miou.Trace.setReporter(undefined)
})

/** How many events a reporter of this domain alone was told of. */
let count = 0

/** Counts the events of this domain. */
export const reportsHere = Miou.portable(import.meta, function* reportsHere(): Generator<Miou.Suspension, void> {
  Miou.Trace.setReporter(() => count++)
  yield* Miou.yield()
})

/** How many those were. */
export const reported = Miou.portable(import.meta, function* reported(): Generator<never, number> {
  return count
})
