import { inContext } from './async-context.js'
import { cargoOf } from './cargo.js'
import { place } from './domain-thread.js'
import { type DomainDied, InvalidArgument } from './errors.js'
import { removeHooksOf } from './hook.js'
import { shareInterrupt } from './interrupt.js'
import { closeLeftovers, type Leftovers } from './leftovers.js'
import { domainDied, domainDiedLast, forgetDomain, rootOver } from './lost.js'
import { DIED, JOIN, LEAVE, LEFT, onMessage } from './mail.js'
import { sendDeferred } from './call.js'
import { begin, put, putInt, send } from './message.js'
import { prepare } from './prepared.js'
import { find, load, type Reference } from './portable.js'
import { runs, sendFailed } from './remote.js'
import { RunRecord } from './run-record.js'
import { addSource, type EventFactory, type EventSource, removeSource, SourceRecord } from './source.js'
import { adoptReporter, onceReporting, removeReporterOf, sharedReporter } from './trace-reporter.js'
import { watch } from './watch.js'

/** What a domain needs to know to take part in a run. */
export interface Joining {
  run: number
  quanta: number
  /** Shared by the domains of the run: counts ids. */
  ids: BigInt64Array
  places: number[]
  /** Where the factory of its event source is found. */
  events: Reference | undefined
  asyncContext: boolean
  /** Where the reporter is found that all domains have. */
  reporter: Reference | undefined
}

/** Asks the domain at `to` to take part in a run. Messages arrive in order: it does so before anything else of the run. */
export function sendJoin(to: number, joining: Omit<Joining, 'reporter'>): void {
  const prepared = prepare({ ...joining, reporter: sharedReporter() } satisfies Joining, to, cargoOf('a run'))
  begin(JOIN)
  put(prepared)
  send(to)
}

onMessage(JOIN, (message) => {
  const { run, quanta, ids, places, events, asyncContext, reporter } = message.value() as Joining
  const record: RunRecord = new RunRecord(
    run,
    place(),
    quanta,
    ids,
    places,
    (task) => rootOver(record, task),
    (error) => sendFailed(record, error),
  )
  if (asyncContext) record.context = inContext
  adoptReporter(reporter)
  runs.set(run, record)
  record.unwatch = watch(record)
  if (events === undefined) return
  const factory = find(events)
  if (factory !== undefined) return bringSource(record, factory as EventFactory)
  load(events).then(
    (loaded) => bringSource(record, loaded as EventFactory),
    (error) => record.fail(error),
  )
})

/** Makes the event source of a run on this domain. */
export function bringSource(record: RunRecord, factory: EventFactory): void {
  try {
    const source: unknown = factory(record.domain)
    if (typeof (source as EventSource | null | undefined)?.select !== 'function')
      throw new InvalidArgument('run: events makes an event source, an object with a function select')
    record.source = new SourceRecord(source as EventSource, record)
    addSource(record.source)
    const { interrupt } = record.source.source
    if (interrupt !== undefined) shareInterrupt(interrupt, record.places)
  } catch (error) {
    record.fail(error)
  }
}

/** Tells the domain at `to` that a run has ended. It answers with what was left open there. */
export function sendLeave(to: number, run: number): void {
  begin(LEAVE)
  putInt(run)
  send(to)
}

/** A run ends on this domain: closes what it left open. */
export function leaveRun(record: RunRecord): Leftovers {
  runs.delete(record.id)
  record.unwatch()
  if (record.source !== undefined) removeSource(record.source)
  removeHooksOf(record)
  removeReporterOf(record)
  return closeLeftovers(record)
}

onMessage(LEAVE, (message) => {
  const id = message.int()
  const record = runs.get(id)
  if (record === undefined) return
  const { from } = message
  onceReporting(() => {
    const prepared = prepare(leaveRun(record), from, cargoOf('what a run left'))
    begin(LEFT)
    putInt(id)
    put(prepared)
    send(from)
  })
})

/** What is done when a domain has left a run. */
const leaving = new Map<number, (from: number, left: Leftovers) => void>()

/** Says what is done when the domains leave a run. */
export function onLeft(run: number, left: ((from: number, left: Leftovers) => void) | undefined): void {
  if (left === undefined) leaving.delete(run)
  else leaving.set(run, left)
}

onMessage(LEFT, (message) => leaving.get(message.int())?.(message.from, message.value() as Leftovers))

/** A domain of a run has died, or its successor is up. */
export interface Change {
  /** Who belongs to the run now. */
  places: number[]
  /** How many more successors are on their way than before. */
  expected: number
  /** The place of the one that died; 0: none did. */
  dead: number
  reason: DomainDied | undefined
}

/** Tells the domain at `to` that the domains of a run have changed. */
export function sendChange(to: number, run: number, change: Change): void {
  const prepared = prepare(change, to, cargoOf('the death of a domain'))
  begin(DIED)
  putInt(run)
  put(prepared)
  send(to)
}

onMessage(DIED, (message) => {
  const record = runs.get(message.int())
  const change = message.value() as Change
  if (record === undefined) return
  applyChange(record, change)
  const { dead, reason, places } = change
  if (dead === 0) return
  domainDied(record, dead, reason!, places)
  forgetDomain(dead)
})

/** The domains of a run have changed. Who began the run looks at a death behind the last messages of the dead domain. */
export function applyChange(run: RunRecord, { places, expected, dead, reason }: Change): void {
  const fresh = places.filter((at) => !run.places.includes(at))
  run.places.splice(0, run.places.length, ...places)
  run.expected += expected
  const word = run.source?.source.interrupt
  if (word !== undefined && fresh.length > 0) shareInterrupt(word, fresh)
  if (run.domain === 0 && dead > 0) domainDiedLast(run, dead, reason!, places)
  sendDeferred(run)
}
