import { cargoOf } from './cargo.js'
import { InvalidArgument } from './errors.js'
import { here } from './here.js'
import { onMessage, TRACE } from './mail.js'
import { begin, put, putInt, send } from './message.js'
import { prepare } from './prepared.js'
import { isPlain } from './plain.js'
import { find, load, type Reference, referenceOf } from './portable.js'
import { place } from './domain-thread.js'
import { log } from './log.js'
import { runs } from './remote.js'
import type { RunRecord } from './run-record.js'
import { deliver, report, standard, type TraceEvent } from './trace.js'

/** Where the reporter is found that all domains have, where there is one. */
let shared: Reference | undefined

/** The run whose task has set a reporter of this domain alone, where the domain is of that run alone: not its first. */
let own: RunRecord | undefined

/** What a domain is told that joins a run: where the reporter of all is found. */
export function sharedReporter(): Reference | undefined {
  return shared
}

/** As somebody else says: the domain of a run, or who had it join one. */
export function adoptReporter(reference: Reference | undefined): void {
  // Its own, which is no other domain's business, stays.
  if (reference === undefined && shared === undefined) return
  shared = reference
  own = undefined
  if (reference === undefined) return report(undefined)
  const fn = find(reference)
  if (fn !== undefined) return report(fn)
  // What happens before its module is here is told then: a task that is cancelled at once is over by that time.
  const early: TraceEvent[] = []
  report((event) => early.push(event))
  const meant = (): boolean => shared === reference && own === undefined
  loading = load(reference).then(
    (loaded) => {
      if (!meant()) return
      report(loaded)
      for (const event of early) deliver(event)
    },
    (error) => {
      if (meant()) report(undefined)
      log('a reporter could not be loaded', error)
    },
  )
}

/** The module of the last reporter that was not here. */
let loading: Promise<void> = Promise.resolve()

/** Goes on once a reporter whose module is loaded has been told of what happened meanwhile: at once where none is. */
export function onceReporting(go: () => void): void {
  if (shared === undefined) go()
  else void loading.then(go)
}

/** A run ends on this domain: so does a reporter that its tasks have set for this domain alone. */
export function removeReporterOf(run: RunRecord): void {
  if (own !== run) return
  own = undefined
  if (shared === undefined) report(standard)
  else adoptReporter(shared)
}

/** A reporter on its way. */
interface Sent {
  reference: Reference | undefined
  /** The places of the domains that are told of it. */
  told: number[]
}

/**
 * Has `fn` called, synchronously, with each event of this domain's scheduler; `undefined` ends it, and costs nothing. A
 * portable function is called on every domain, with the events of each: those of the current run, and those of runs that
 * begin here later. Any other that a task sets on a called domain goes with its run, since domains stay warm for the next one.
 * It is called outside of tasks; one that throws is logged and removed.
 *
 * @example
 * Trace.setReporter((event) => events.push(event))
 */
export function setReporter(fn: ((event: TraceEvent) => void) | undefined): void {
  if (fn !== undefined && !isPlain(fn))
    throw new InvalidArgument('Trace.setReporter takes a function, no function*, or undefined')
  report(fn)
  const reference = fn === undefined ? undefined : referenceOf(fn)
  const run = here.current?.run
  if (fn !== undefined && reference === undefined) {
    own = run?.domain === 0 ? undefined : run
    return
  }
  own = undefined
  shared = reference
  if (run !== undefined) tell(run.id, { reference, told: [...run.places] }, run.places)
}

function tell(run: number, sent: Sent, places: readonly number[]): void {
  for (const to of places) {
    if (to === place()) continue
    const prepared = prepare(sent, to, cargoOf('a reporter'))
    begin(TRACE)
    putInt(run)
    put(prepared)
    send(to)
  }
}

onMessage(TRACE, (message) => {
  const run = runs.get(message.int())
  const sent = message.value() as Sent
  adoptReporter(sent.reference)
  // A domain that has joined meanwhile was told what was so before.
  if (run?.domain === 0)
    tell(
      run.id,
      sent,
      run.places.filter((to) => !sent.told.includes(to)),
    )
})
