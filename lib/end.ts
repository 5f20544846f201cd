import { atEnd, giveUpAll, over } from './at-end.js'
import { cancelTree, makeCancelled } from './cancellation.js'
import { childrenOf, foreign, mutexesIn, resourcesOf, taskAt } from './described.js'
import { discard, holdsDescriptor } from './discard.js'
import { ForeignYield, MutexError, ResourceLeaked, StillHasChildren } from './errors.js'
import { extra } from './extra.js'
import { here, outside } from './here.js'
import { takeBack, unlendWithin, unlent } from './lent.js'
import { log } from './log.js'
import { forgottenYield, Op } from './operation.js'
import { passOnMutexes, releaseOwner } from './owner.js'
import { sendEnd } from './remote.js'
import { finaliseAll } from './resource.js'
import { met } from './stacks.js'
import { SUSPENSION } from './suspension.js'
import {
  CALLED,
  causeOf,
  DONE,
  ENDED,
  FATAL,
  LISTED,
  nameOf,
  OK,
  READ,
  type Result,
  resultOf,
  type TaskRecord,
} from './task.js'
import { trace, tracing } from './trace.js'

/** The body of a task is over: its finalisers run, then its children unwind, then its parent hears of it. */
export function ended(task: TaskRecord, returned: boolean, value: unknown): void {
  let ok = returned
  let result = value
  const { made } = task
  task.code = null
  task.op = null
  task.made = null
  if (made !== null && ok) {
    ok = false
    result = forgottenYield(made)
  }
  if (task.cancelled !== null) {
    if (ok) discard(result)
    else if (result !== task.cancelled) suppress(task, result)
    ok = false
    result = task.cancelled
  }
  if (ok) result = unlent(result)
  if (here.lent !== 0 && takeBack(task) && ok) unlendWithin(result)
  const broken = ok ? ruleBroken(task) : undefined
  if (broken !== undefined) {
    ok = false
    result = broken
  }
  task.flags |= ok ? ENDED | OK : ENDED
  task.value = result
  // A child that never left is over as soon as it is cancelled: the task is not, before all below is done.
  holdOpen(task)
  if (task.resources !== null) finaliseAll(task)
  if (task.extra !== null && task.extra.owner !== 0) {
    leaveMutexes(task, broken !== undefined)
    releaseOwner(task)
  }
  if (task.extra !== null && task.extra.atEnd !== undefined) giveUpAll(task)
  if (broken !== undefined) failRun(task, broken)
  if (task.children !== null) abandonChildren(task)
  letEnd(task)
}

/** A task breaks a rule, or one that it called did: the run is over, and its ancestors know whose fault it is. */
export function failRun(task: TaskRecord, error: unknown): void {
  for (let at: TaskRecord | null = task; at !== null; at = at.parent) at.flags |= FATAL
  task.run.fail(error)
}

/** The rules that a task must keep when it returns. Breaking them is fatal for the run. */
function ruleBroken(task: TaskRecord): StillHasChildren | ResourceLeaked | undefined {
  if (task.resources !== null) {
    if (tracing.on) trace('resourceLeaked', task)
    return new ResourceLeaked(
      `${taskAt(task)} returned while it owned ${resourcesOf(task)}: release, disown or transfer it first`,
    )
  }
  if (task.children !== null) {
    if (tracing.on) trace('stillHasChildren', task)
    return new StillHasChildren(`${taskAt(task)} returned without awaiting or cancelling ${childrenOf(task)}`)
  }
  return undefined
}

/** A cancelled task threw something else while it unwound. */
function suppress(task: TaskRecord, error: unknown): void {
  keepSuppressed(task, error)
  log(`${nameOf(task)} was cancelled, and threw while it unwound`, error)
}

/** Keeps what was thrown, unless the program has put something else where such errors are kept. */
export function keepSuppressed({ cancelled }: TaskRecord, ...errors: unknown[]): void {
  const suppressed: unknown = cancelled?.suppressed
  if (Array.isArray(suppressed) && Object.isExtensible(suppressed)) suppressed.push(...errors)
}

/** A task ends while it holds mutexes: they pass on. */
function leaveMutexes(task: TaskRecord, fatal: boolean): void {
  const held = passOnMutexes(task)
  if (held.length === 0) return
  const message = `${taskAt(task)} ended while it held ${mutexesIn(held)}: unlock in a finally block, or use Mutex.protect`
  if (task.flags & OK && !fatal) {
    task.flags &= ~OK
    discard(task.value)
    task.value = new MutexError('leaked', message)
  } else log(message)
}

/** A task that ends by an error takes its children with it. */
function abandonChildren(task: TaskRecord): void {
  for (let child = task.children; child !== null; ) {
    const { older } = child
    if (child.flags & DONE) strikeOff(child)
    else cancelTree(child, task.flags & FATAL ? task.run.fatal : causeOf(task))
    child = older
  }
}

/** A task and all its descendants are over. */
function publish(first: TaskRecord): void {
  let task = first
  for (;;) {
    task.flags |= DONE
    if (tracing.on) {
      if (task.cancelled !== null) trace('cancelled', task)
      trace('done', task)
    }
    // Getters in a result are code of the user's, and nobody would wait for what they spawn.
    if (task.flags & CALLED) outside(() => sendEnd(task))
    const { parent } = task
    if (parent === null) return task.run.rootEnded(task)
    if (!childDone(task, parent)) return
    task = parent
  }
}

/** Tells a parent that a child is over, descendants and all; whether the parent is over with it. */
function childDone(child: TaskRecord, parent: TaskRecord): boolean {
  parent.live--
  child.stored?.ended()
  if (parent.flags & ENDED) {
    strikeOff(child)
    return parent.live === 0
  }
  parent.op?.childEnded(child)
  return false
}

/** Something of a task is under way that its end has to wait for, beside its children. */
export function holdOpen(task: TaskRecord): void {
  task.live++
}

/** What `holdOpen` was for is over. */
export function letEnd(task: TaskRecord): void {
  if (--task.live === 0 && task.flags & ENDED) publish(task)
}

/** A child on another domain is over. */
export function remoteDone(child: TaskRecord): void {
  child.flags |= ENDED | DONE
  if (tracing.on && child.cancelled !== null) trace('cancelled', child)
  const { parent } = child
  if (parent !== null && childDone(child, parent)) publish(parent)
}

/** Nobody will read what a child returned. */
function strikeOff(child: TaskRecord): void {
  unlist(child)
  if (child.flags & OK) discard(child.value)
}

/** The result of a child that is over, for its parent, who has it from now on. */
export function read(child: TaskRecord): Result<unknown> {
  unlist(child)
  child.flags |= READ
  if (!(child.flags & OK)) met(child.value, Op.prototype.next)
  const unread = child.extra?.unread
  if (unread !== undefined) over(child.parent!, unread)
  return resultOf(child)
}

/** A child lost against another one: it keeps its value, and where nobody reads that before its parent ends, it is closed. */
export function lose(child: TaskRecord): void {
  unlist(child)
  const { parent, value } = child
  if (!(child.flags & OK) || child.flags & READ || parent === null || !holdsDescriptor(value)) return
  const more = extra(child)
  if (more.unread !== undefined) return
  more.unread = () => discard(value)
  atEnd(parent, more.unread)
}

/** Takes a child from its parent's list: it was awaited, cancelled, or its parent is over. */
function unlist(child: TaskRecord): void {
  if (!(child.flags & LISTED)) return
  child.flags &= ~LISTED
  const { older, newer, parent } = child
  if (newer !== null) newer.older = older
  else if (parent !== null) parent.children = older
  if (older !== null) older.newer = newer
  child.older = null
  child.newer = null
}

/** A task yielded what is no operation: the run is over. The task unwinds as one that is cancelled, shields included. */
export function foreignYield(task: TaskRecord, value: unknown): void {
  const error = new ForeignYield(`${taskAt(task)} yielded ${foreign(value)}`)
  task.cancelled ??= makeCancelled(error)
  failRun(task, error)
  let result: IteratorResult<unknown, unknown> | undefined
  try {
    result = (task.code as Generator<unknown>).return?.(undefined)
  } catch (thrown) {
    return ended(task, false, thrown)
  }
  const waits = result?.value === SUSPENSION && task.op !== null
  if (!waits) ended(task, false, task.cancelled)
}
