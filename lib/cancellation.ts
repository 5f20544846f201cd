import { Cancelled } from './errors.js'
import { extra } from './extra.js'
import { outside } from './here.js'
import { debugging, log } from './log.js'
import type { Op } from './operation.js'
import { sendCancel } from './remote.js'
import { hurry } from './ready.js'
import { ABORTED, SUSPENDED, type Suspension } from './suspension.js'
import { DONE, ENDED, nameOf, REMOTE, SHIELDED, STARTED, type TaskRecord } from './task.js'
import { trace, tracing } from './trace.js'

/** How often a task may swallow `Cancelled` before it is ended by force. */
const PATIENCE = 1000

/** The error of one cancelled task. Its stack is that of the canceller, with MIOU_DEBUG; it would cost more than the task. */
export function makeCancelled(cause: unknown): Cancelled {
  const limit = Error.stackTraceLimit
  if (!debugging()) Error.stackTraceLimit = 0
  try {
    return new Cancelled('the task was cancelled', cause === undefined ? undefined : { cause })
  } finally {
    Error.stackTraceLimit = limit
  }
}

/**
 * Cancels a task and all its descendants, except those that a shield keeps. Each is marked now and unwinds when it runs
 * next: first the task itself, then its children from the newest to the oldest.
 */
export function cancelTree(root: TaskRecord, cause: unknown): void {
  const marked = [root]
  for (let task = marked.pop(); task !== undefined; task = marked.pop()) {
    if (task.cancelled !== null || task.flags & DONE) continue
    task.cancelled = makeCancelled(cause)
    if (tracing.on) trace('cancel', task)
    if (task.flags & REMOTE) {
      sendCancel(task, cause)
      continue
    }
    if (!(task.flags & ENDED) && task.shields === 0) interrupt(task)
    // The list runs from the newest to the oldest; the stack turns it round, so it is filled from the oldest.
    const from = marked.length
    for (let child = task.children; child !== null; child = child.older) {
      if (task.shields === 0 || !(child.flags & SHIELDED)) marked.push(child)
    }
    for (let i = from, j = marked.length - 1; i < j; i++, j--) {
      const child = marked[i]!
      marked[i] = marked[j]!
      marked[j] = child
    }
  }
}

/** Throws a task's `Cancelled` where it is suspended. One that runs right now meets it at its next operation. */
export function interrupt(task: TaskRecord): void {
  abortSignalOf(task)
  const op = task.op
  if (op !== null) {
    op.interrupt()
    hurry(task)
  } else if (!(task.flags & STARTED)) hurry(task)
}

/** Tells Node's world, where it has the signal of the task, which has met its `Cancelled`. */
export function abortSignalOf(task: TaskRecord): void {
  const controller = task.extra?.controller
  if (controller !== undefined) abort(controller, task)
}

/** Aborts a signal since a task is cancelled. Those who listen are outside of tasks, whoever cancels. */
export function abort(controller: AbortController, task: TaskRecord): void {
  outside(() => controller.abort(task.cancelled))
}

/** Throws `Cancelled` again, at an operation that would have to wait. */
export function rethrow(task: TaskRecord): never | typeof SUSPENDED {
  const more = extra(task)
  more.rethrown++
  if (more.rethrown > PATIENCE && more.rethrown !== PATIENCE + 2) {
    // The scheduler ends the task instead of running it on.
    task.op = DROPPED
    hurry(task)
    return SUSPENDED
  }
  throw task.cancelled
}

/** Stands where the operation of a task would, which is not to run on. */
const DROPPED = {
  label: 'nothing',
  phase: ABORTED,
  interrupt() {},
  describe: () => 'nothing',
} as unknown as Op<unknown>

/** Whether the task swallowed `Cancelled` too often to be run on. */
export function isDropped(task: TaskRecord): boolean {
  return task.op === DROPPED
}

/**
 * Ends a task that swallows every `Cancelled`: by `return()`, which runs its `finally` blocks; where one of these swallows
 * another, by dropping it.
 */
export function endByForce(task: TaskRecord): IteratorResult<Suspension, unknown> {
  task.op = null
  task.made = null
  const more = extra(task)
  if (more.rethrown === PATIENCE + 1) {
    log(`${nameOf(task)} swallowed Cancelled ${PATIENCE} times and is ended: let it pass, or rethrow it`)
    const result = (task.code as Generator<Suspension, unknown>).return?.(undefined)
    if (result !== undefined) return result
  }
  return { done: true, value: undefined }
}
