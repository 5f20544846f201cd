import { outside } from './here.js'
import { log } from './log.js'
import type { TaskRecord } from './task.js'

/** An event of the scheduler. `time` is in ns on one clock for the process; `parent` is 0 for main and the handler of a signal. */
export type TraceEvent = { id: number; domain: number; time: number } & (
  | { type: 'spawn'; parent: number; kind: 'async' | 'call'; name?: string }
  | { type: 'begin' | 'end' | 'done' | 'await' | 'resume' | 'yield' | 'cancel' | 'cancelled' }
  | { type: 'suspend' | 'continue'; on: string }
  | { type: 'attach' | 'detach'; resource: number }
  | { type: 'stillHasChildren' | 'resourceLeaked' }
  | { type: 'notAChild'; task: number }
  | { type: 'notOwner'; resource: number }
)

/** Whether anybody listens: looked at before anything is made, so that tracing costs nothing while it is off. */
export const tracing = { on: false }

let reporter: ((event: TraceEvent) => void) | undefined

/** What tells events apart, beside whose they are and when. */
type Details = TraceEvent extends infer E ? (E extends TraceEvent ? Omit<E, 'id' | 'domain' | 'time'> : never) : never

/** Reports an event of `task`, on the domain that runs it or another. Call it only where `tracing.on`. */
export function trace(what: Details['type'] | Details, task: TaskRecord, domain = task.domain): void {
  const details = typeof what === 'string' ? { type: what } : what
  const time = Number(process.hrtime.bigint())
  deliver({ id: task.id, domain, time, ...details } as TraceEvent)
}

/** Reports an event, now or after a while in which there was nobody to tell. */
export function deliver(event: TraceEvent): void {
  // It is no part of the task, which it may neither end nor change.
  try {
    outside(() => reporter?.(event))
  } catch (error) {
    report(undefined)
    log('the reporter of Trace.setReporter threw and was removed', error)
  }
}

/** Sets what is called with each event of this domain. */
export function report(fn: ((event: TraceEvent) => void) | undefined): void {
  reporter = fn
  tracing.on = fn !== undefined
}

/** What is called where no reporter is set. */
export const standard = process.env.MIOU_TRACE
  ? (event: TraceEvent): void => void process.stderr.write(`miou: ${JSON.stringify(event)}\n`)
  : undefined

report(standard)
