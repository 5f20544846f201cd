import { performance } from 'node:perf_hooks'
import { noOperation } from './body.js'
import { isDropped, endByForce } from './cancellation.js'
import { onWake, place, rust } from './domain-thread.js'
import { ended, foreignYield } from './end.js'
import { here } from './here.js'
import { hooked, runHooks } from './hook.js'
import { interruptPending } from './interrupt.js'
import { completed } from './io.js'
import { received } from './mail.js'
import { outbox } from './message.js'
import type { Operation } from './operation.js'
import { idle, normal, onReady, urgent } from './ready.js'
import * as ring from './ring.js'
import { words } from './ring.js'
import { askAgain, askSources } from './source.js'
import { ABORTED, ANSWER, SUSPENSION, type Suspension, WAITING } from './suspension.js'
import { type Body, DONE, ENDED, GENERATOR, READY, STARTED, type TaskRecord, URGENT } from './task.js'
import { elapseTimers, nextDeadline } from './timers.js'
import { trace, tracing } from './trace.js'
import { world } from './world.js'

/** Slices in a round at the most. */
const ROUND = 64
/** Slices that a round still has once there is mail to send. */
const POST = 4
/** Milliseconds after which a round ends, and after which the scheduler returns to Node's loop. */
const SHARE = 1
/** Milliseconds after which an accept that found no descriptor is tried again. */
const RETRY = 100

let ticking = false
let scheduled = false
/** The deadline that Node's loop knows of; -1: none. */
let armed = -1
/** Slices between two looks at the clock, which costs as much as a short slice. */
let stride = 1

/** Has the scheduler run soon, where something outside of tasks has given it work. */
function schedule(): void {
  if (scheduled || ticking) return
  scheduled = true
  setImmediate(tick)
}

onReady(schedule)

/** When the poller was last to be looked at whatever happens, in milliseconds. */
let looked = 0

/** Rounds and turns, until there is nothing to do or Node's loop must have its share. */
function tick(): void {
  if (ticking) return
  ticking = true
  scheduled = false
  let again = true
  try {
    const start = performance.now()
    let now = start
    if (start - looked >= SHARE) {
      // Operations that end at once spare the look at the poller, but not for longer than this.
      words[ring.LOOK] = 1
      looked = start
    }
    while (now - start < SHARE) {
      words[ring.IDLE] = idle() && !askAgain() ? 1 : 0
      turn()
      elapseTimers()
      askSources(idle())
      if (idle()) {
        again = words[ring.ASLEEP] === 0
        break
      }
      round(now)
      now = performance.now()
    }
  } finally {
    ticking = false
    here.current = null
    if (again || !idle()) schedule()
    else {
      // What an operation gave last would live as long as nobody performs the next one.
      ANSWER.value = undefined
      arm()
    }
  }
}

/** Tells Node's loop when the next timer is due. Its clock counts whole milliseconds, so one that is near is told again. */
function arm(): void {
  let deadline = nextDeadline()
  // Others than this process may have closed a descriptor: nobody tells.
  if (words[ring.EXHAUSTED] !== 0)
    deadline = deadline < 0 ? performance.now() + RETRY : Math.min(deadline, performance.now() + RETRY)
  if (deadline < 0 && armed < 0) return
  const left = deadline - performance.now()
  if (deadline === armed && left > 2) return
  armed = deadline
  rust().setTimer(deadline < 0 ? -1 : Math.max(0, left))
}

onWake(tick)

/** The one crossing into Rust, and what it brought. */
function turn(): void {
  rust().turn()
  ring.drained()
  outbox.waiting = false
  interruptPending()
  // The count is looked at again each time: what is done with a completion may make others, which stand behind it.
  for (let i = 0; i < words[ring.COMPLETED]; i++) {
    const at = ring.completionAt(i)
    const token = words[at]
    if (token === ring.MESSAGE) received(words[at + 1], words[at + 2], words[at + 3])
    else completed(token, words[at + 1], words[at + 2], words[at + 3])
  }
  words[ring.COMPLETED] = 0
}

/**
 * Up to 64 slices or 1 ms, whichever ends first, or until there is mail, or a few slices after there is mail to send: a
 * round trip between two busy domains would wait for two rounds (21 us instead of 13). `start` is in milliseconds.
 */
function round(start: number): void {
  const mail = place()
  let last = start
  let left = stride
  let end = ROUND
  for (let slices = 0; slices < end && ring.hasRoom(); slices++) {
    if (hooked()) runHooks()
    if (urgent.length > 0) {
      const task = urgent.shift()
      if (task.flags & URGENT) {
        task.flags &= ~(URGENT | READY)
        slice(task)
      }
    } else if (normal.length > 0) {
      const task = normal.shift()
      // Not so where it has unwound since it was put here.
      if (task.flags & READY) {
        task.flags &= ~READY
        slice(task)
      }
    } else return
    if (world[mail] !== 0) return
    if (outbox.waiting && end === ROUND) end = slices + POST
    if (--left === 0) {
      const now = performance.now()
      // The clock is looked at more often while slices are long: after each one where they take 1/8 ms.
      stride = now - last > SHARE / 8 ? 1 : Math.min(stride * 2, 16)
      if (now - start >= SHARE) return
      last = now
      left = stride
    }
  }
}

/** Runs one task until it waits, switches or ends. */
function slice(task: TaskRecord): void {
  if (task.flags & (ENDED | DONE)) return
  here.current = task
  here.budget = task.run.quanta
  if (tracing.on) {
    trace('begin', task)
    if (waits(task)) trace('resume', task)
    // A reporter may have cancelled it, by the signal of the run: it meets that now, and does not run once more.
    task.flags &= ~(URGENT | READY)
  }
  const context = task.extra?.context
  if (context === undefined) step(task)
  else context(step, task)
  if (tracing.on) {
    if (waits(task)) trace('await', task)
    trace('end', task)
  }
  here.current = null
  here.last = null
}

/** Whether a task waits, or has waited and is about to run on, in an operation that has no event of its own for that. */
function waits({ op }: TaskRecord): boolean {
  return op !== null && (op.phase === WAITING || op.phase === ABORTED) && !op.traced
}

/**
 * `next` of every generator. Each closure of a generator function has a prototype of its own, so that looking `next` up in
 * the generators of many tasks costs 0.1 us a slice; this does not look it up.
 */
const resume = Object.getPrototypeOf(function* () {}).prototype.next as (
  this: unknown,
) => IteratorResult<Suspension, unknown>

function step(task: TaskRecord): void {
  let result: IteratorResult<Suspension, unknown>
  try {
    if (task.flags & STARTED) {
      const { code } = task
      if (isDropped(task)) result = endByForce(task)
      else if (task.flags & GENERATOR) result = resume.call(code)
      else result = (code as Iterator<Suspension, unknown>).next()
    } else {
      task.flags |= STARTED
      if (task.cancelled !== null) return ended(task, false, task.cancelled)
      const iterator = iteratorOf(task.code as Body<unknown>)
      task.code = iterator
      if (iterator.next === resume) task.flags |= GENERATOR
      result = iterator.next()
    }
  } catch (error) {
    return ended(task, false, error)
  }
  if (result.done) ended(task, true, result.value)
  else if (result.value !== SUSPENSION || task.op === null) foreignYield(task, result.value)
}

/** Enters the body of a task. */
function iteratorOf(body: Body<unknown>): Iterator<Suspension, unknown> {
  const operation: unknown = body()
  const begin = (operation as Operation<unknown> | null | undefined)?.[Symbol.iterator]
  if (typeof begin === 'function' && typeof operation === 'object') return begin.call(operation)
  throw noOperation(operation, 'the body of a task')
}
