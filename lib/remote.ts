import { inspect } from 'node:util'
import { cancelTree } from './cancellation.js'
import { discard } from './discard.js'
import { remoteDone } from './end.js'
import { onceLoaded } from './handle.js'
import { CANCEL, END, FAILED, onMessage } from './mail.js'
import { abandon, begin, putInt, putValue, send, wrapping } from './message.js'
import type { RunRecord } from './run-record.js'
import { DONE, FATAL, OK, type TaskRecord } from './task.js'

/** The runs that this thread takes part in, by id. */
export const runs = new Map<number, RunRecord>()

/** Asks the domain of a child to cancel it. */
export function sendCancel(task: TaskRecord, cause: unknown): void {
  const { place } = task.extra!
  // It was never sent: its domain is not up yet.
  if (place < 0) return endWith(task, 0, task.cancelled)
  const wrap = wrapping(place, 'the cause of a cancel')
  begin(CANCEL)
  putInt(task.run.id)
  putInt(task.id)
  try {
    putValue(cause, wrap)
  } catch {
    abandon(wrap)
    begin(CANCEL)
    putInt(task.run.id)
    putInt(task.id)
    putValue(inspect(cause), wrapping(place, 'the cause of a cancel'))
  }
  send(place, wrap)
}

onMessage(CANCEL, (message) => {
  const run = runs.get(message.int())
  const task = run?.called.get(message.int())
  const cause = message.value()
  if (task !== undefined) cancelTree(task, cause)
})

/** Tells the domain of its parent that a task is over. What can't cross becomes the error of the task. */
export function sendEnd(task: TaskRecord): void {
  const { run } = task
  const { place } = task.extra!
  run.called.delete(task.id)
  if (place < 0) return
  const ok = (task.flags & OK) !== 0
  try {
    end(task, place, ok, task.flags & FATAL ? run.fatal : task.value)
  } catch (error) {
    if (ok) discard(task.value)
    end(task, place, false, error)
  }
}

function end(task: TaskRecord, place: number, ok: boolean, value: unknown): void {
  const wrap = wrapping(place, 'the result of a task')
  begin(END)
  putInt(task.run.id)
  putInt(task.id)
  putInt((ok ? OK : 0) | (task.flags & FATAL))
  try {
    putValue(value, wrap)
  } catch (error) {
    abandon(wrap)
    throw error
  }
  send(place, wrap)
}

onMessage(END, (message) => {
  const run = runs.get(message.int())
  const id = message.int()
  const flags = message.int()
  message.arrived.run = run ?? null
  const value = message.value()
  const task = run?.away.get(id)
  if (run === undefined || task === undefined) return discard(value)
  onceLoaded(message.arrived, () => endWith(task, flags, value))
})

/** A child on another domain is over. */
export function endWith(task: TaskRecord, flags: number, value: unknown): void {
  if (task.flags & DONE) return
  const { run } = task
  run.away.delete(task.id)
  if (flags & FATAL) run.fail(value)
  let ok = (flags & OK) !== 0
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
  const wrap = wrapping(to, 'a fatal error')
  begin(FAILED)
  putInt(run.id)
  try {
    putValue(error, wrap)
  } catch {
    abandon(wrap)
    begin(FAILED)
    putInt(run.id)
    putValue(inspect(error), wrapping(to, 'a fatal error'))
  }
  send(to)
}

onMessage(FAILED, (message) => {
  const run = runs.get(message.int())
  const error = message.value()
  run?.fail(error)
})
