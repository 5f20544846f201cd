import { cancelTree } from './cancellation.js'
import { cargoOf } from './cargo.js'
import { discard } from './discard.js'
import { failRun, keepSuppressed, remoteDone } from './end.js'
import { Cancelled, InvalidArgument } from './errors.js'
import { closeMoved, onceLoaded } from './handle.js'
import { CANCEL, END, FAILED, onMessage } from './mail.js'
import { begin, put, putId, putInt, send } from './message.js'
import { type Prepared, prepare } from './prepared.js'
import type { RunRecord } from './run-record.js'
import { hasCrossed } from './stacks.js'
import { DONE, FATAL, OK, type TaskRecord } from './task.js'
import { inspected, shown } from './shown.js'
import { trace, tracing } from './trace.js'

/** The runs that this thread takes part in, by id. */
export const runs = new Map<number, RunRecord>()

/** Asks the domain of a child to cancel it. */
export function sendCancel(task: TaskRecord, cause: unknown): void {
  const { place } = task.extra!
  // It was never sent: its domain is not up yet.
  if (place < 0) {
    task.run.deferred.get(task)!.drop()
    endWith(task, 0, task.cancelled)
    if (tracing.on) trace('done', task)
    return
  }
  const prepared = prepareReason(cause, place)
  begin(CANCEL)
  putInt(task.run.id)
  putId(task.id)
  put(prepared)
  send(place)
}

/** Why something ends: what can't cross is told in words. */
function prepareReason(reason: unknown, to: number): Prepared {
  try {
    return prepare(reason, to, cargoOf('the reason'))
  } catch {
    return prepare(inspected(reason), to, cargoOf('the reason'))
  }
}

onMessage(CANCEL, (message) => {
  const run = runs.get(message.int())
  const task = run?.called.get(message.id())
  const cause = message.value()
  if (task !== undefined) cancelTree(task, cause)
})

/** Tells the domain of its parent that a task is over. What can't cross becomes the error of the task. */
export function sendEnd(task: TaskRecord): void {
  const { run } = task
  const { place } = task.extra!
  run.called.delete(task.id)
  if (place < 0) return
  let flags = task.flags & (OK | FATAL)
  let prepared: Prepared
  try {
    prepared = prepareResult(flags & FATAL ? run.fatal : task.value, place)
  } catch (error) {
    if (flags & OK) discard(task.value)
    flags &= ~OK
    prepared = prepareRefusal(error, place)
  }
  begin(END)
  putInt(run.id)
  putId(task.id)
  putInt(flags)
  put(prepared)
  send(place)
}

function prepareResult(value: unknown, to: number): Prepared {
  return prepare(value, to, cargoOf('the result of a task'))
}

/** Why a result can't cross: an error of ours, or what a getter in it threw, which need not cross either. */
function prepareRefusal(error: unknown, to: number): Prepared {
  try {
    return prepareResult(error, to)
  } catch {
    return prepareResult(new InvalidArgument(`the result of a task can't cross: reading it threw ${shown(error)}`), to)
  }
}

onMessage(END, (message) => {
  const run = runs.get(message.int())
  const id = message.id()
  const flags = message.int()
  message.arrived.run = run ?? null
  const value = message.value()
  if (!(flags & OK)) hasCrossed(value)
  const task = run?.away.get(id)
  if (run === undefined || task === undefined) return closeMoved(message.arrived)
  onceLoaded(message.arrived, () => endWith(task, flags, value))
})

/** A child on another domain is over. */
export function endWith(task: TaskRecord, flags: number, value: unknown): void {
  if (task.flags & DONE) return
  const { run } = task
  run.away.delete(task.id)
  if (flags & FATAL) failRun(task, value)
  let ok = (flags & OK) !== 0
  // What it threw while it unwound came with the Cancelled that it had there.
  if (value instanceof Cancelled && Array.isArray(value.suppressed)) keepSuppressed(task, ...value.suppressed)
  // Cancelled as seen from here, whatever it managed to return meanwhile.
  if (task.cancelled !== null && ok) {
    discard(value)
    ok = false
  }
  if (ok) task.flags |= OK
  task.value = ok ? value : (task.cancelled ?? value)
  remoteDone(task)
}

/** Tells domain 0 that a rule was broken which ends the run. */
export function sendFailed(run: RunRecord, error: unknown): void {
  const to = run.places[0]!
  const prepared = prepareReason(error, to)
  begin(FAILED)
  putInt(run.id)
  put(prepared)
  send(to)
}

onMessage(FAILED, (message) => {
  const run = runs.get(message.int())
  const error = message.value()
  run?.fail(error)
})
