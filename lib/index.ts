import * as computations from './computation.js'
import * as conditions from './condition.js'
import * as hooks from './hook.js'
import * as lazies from './lazy.js'
import * as members from './members.js'
import * as mutexes from './mutex.js'
import * as queues from './queue.js'
import * as reporters from './trace-reporter.js'
import * as triggers from './trigger.js'

export { await_ as await, awaitExn } from './await.js'
export { awaitAll, awaitFirst, awaitOne, type ValueOf } from './await-many.js'
export { type CallOptions, call } from './call.js'
export { cancel } from './cancel.js'
export * from './errors.js'
export { main } from './main.js'
export type { Operation, Suspension } from './operation.js'
export { care, drain, get, type Orphans, orphans, take } from './orphans.js'
export { parallel } from './parallel.js'
export { type Meta, type Portable, portable } from './portable.js'
export { print } from './print.js'
export { type ProtectCallbacks, protect } from './protect.js'
export { Resource } from './resource.js'
export { type RunOptions, run } from './run.js'
export { self } from './self.js'
export { shield } from './shield.js'
export { type EventFactory, type EventSource, type Syscall, signal, suspend, syscall } from './source.js'
export { async_ as async, type SpawnOptions } from './spawn.js'
export type { Body, Result, Task } from './task.js'
export { type TimeoutOptions, timeout } from './timeout.js'
export type { TraceEvent } from './trace.js'
export { tree } from './tree.js'
export { yield_ as yield } from './yield.js'
export * as Ownership from './ownership.js'

/** A mutual-exclusion lock between tasks of all domains. */
export type Mutex = mutexes.Mutex
/** Mutexes between tasks, shared by name between all domains of the process. */
export namespace Mutex {
  export import create = mutexes.create
  export import lock = mutexes.lock
  export import unlock = mutexes.unlock
  export import tryLock = mutexes.tryLock
  export import lockSync = mutexes.lockSync
  export import protect = mutexes.protect
}

/** A condition variable between tasks of all domains. */
export type Condition = conditions.Condition
/** Condition variables, shared by name between all domains of the process. */
export namespace Condition {
  export import create = conditions.create
  export import wait = conditions.wait
  export import waitSync = conditions.waitSync
  export import signal = conditions.signal
  export import broadcast = conditions.broadcast
}

/** A queue between tasks, and code outside of tasks, of all domains. */
export type Queue<T> = queues.Queue<T>
/** Queues, shared by name between all domains of the process. */
export namespace Queue {
  export import create = queues.create
  export import enqueue = queues.enqueue
  export import dequeue = queues.dequeue
  export import peek = queues.peek
  export import isEmpty = queues.isEmpty
  export import length = queues.length
  export import toArray = queues.toArray
  export import drop = queues.drop
  export import transfer = queues.transfer
}

/** A value that is computed when it is first wanted, once for all domains. */
export type Lazy<T> = lazies.Lazy<T>
/** Values that are computed when they are first wanted. */
export namespace Lazy {
  export import fromValue = lazies.fromValue
  export import fromFunction = lazies.fromFunction
  export import force = lazies.force
}

/** A signal that is given once, and one who waits for it. */
export type Trigger = triggers.Trigger
/** Signals that are given once. An object, since a namespace can't have a member called await. */
export const Trigger: Pick<typeof triggers, 'create' | 'signal' | 'isSignaled' | 'await' | 'onSignal'> = {
  create: triggers.create,
  signal: triggers.signal,
  isSignaled: triggers.isSignaled,
  await: triggers.await,
  onSignal: triggers.onSignal,
}

/** A cell that is written once, by anybody, and read by any number of tasks. */
export type Computation<T> = computations.Computation<T>
/** Cells that are written once. An object, as Trigger is. */
export const Computation: Pick<
  typeof computations,
  | 'create'
  | 'tryReturn'
  | 'tryCancel'
  | 'tryCapture'
  | 'isRunning'
  | 'cancelled'
  | 'raiseIfErrored'
  | 'peek'
  | 'tryAttach'
  | 'detach'
  | 'await'
  | 'awaitExn'
> = {
  create: computations.create,
  tryReturn: computations.tryReturn,
  tryCancel: computations.tryCancel,
  tryCapture: computations.tryCapture,
  isRunning: computations.isRunning,
  cancelled: computations.cancelled,
  raiseIfErrored: computations.raiseIfErrored,
  peek: computations.peek,
  tryAttach: computations.tryAttach,
  detach: computations.detach,
  await: computations.await,
  awaitExn: computations.awaitExn,
}

/** A function that runs before each slice of a domain. */
export type Hook = hooks.Hook
/** Functions that run before each slice of this domain. */
export namespace Hook {
  export import add = hooks.add
  export import remove = hooks.remove
}

/** Which domain this is, and which others there are. */
export namespace Domain {
  export import self = members.self
  export import available = members.available
  export import all = members.all
}

/** What the scheduler does, as it does it. */
export namespace Trace {
  export import setReporter = reporters.setReporter
}
