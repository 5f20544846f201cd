import { cargoOf } from './cargo.js'
import { InvalidArgument } from './errors.js'
import { here } from './here.js'
import { onMessage, TRACE } from './mail.js'
import { begin, prepare, put, send } from './message.js'
import { find, load, type Reference, referenceOf } from './portable.js'
import { place } from './domain-thread.js'
import { log } from './log.js'
import { report, type TraceEvent } from './trace.js'

/**
 * Has `fn` called, synchronously, with each event of this domain's scheduler; `undefined` ends it, and costs nothing. A
 * portable function is called on every domain of the run, with the events of each. It is called outside of tasks; one that
 * throws is logged and removed.
 *
 * @example
 * Trace.setReporter((event) => events.push(event))
 */
export function setReporter(fn: ((event: TraceEvent) => void) | undefined): void {
  if (fn !== undefined && typeof fn !== 'function')
    throw new InvalidArgument('Trace.setReporter takes a function, or undefined')
  report(fn)
  const reference = fn === undefined ? undefined : referenceOf(fn)
  if (fn !== undefined && reference === undefined) return
  for (const to of here.current?.run.places ?? []) {
    if (to === place()) continue
    const prepared = prepare(reference, to, cargoOf('a reporter'))
    begin(TRACE)
    put(prepared)
    send(to)
  }
}

onMessage(TRACE, (message) => {
  const reference = message.value() as Reference | undefined
  if (reference === undefined) return report(undefined)
  const fn = find(reference)
  if (fn !== undefined) return report(fn)
  load(reference).then(report, (error) => log('a reporter could not be loaded', error))
})
