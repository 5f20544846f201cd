import { AsyncLocalStorage } from 'node:async_hooks'
import type { TaskRecord } from './task.js'

/** What runs the slices of a task in an async context. */
type InContext = (slice: (task: TaskRecord) => void, task: TaskRecord) => void

/** What runs the slices of a task that is created now in the async context of its creator. */
export function inContext(): InContext {
  return AsyncLocalStorage.snapshot() as InContext
}

/**
 * What runs those of a task that comes from another domain, where its creator's context is not known: in the one in which this
 * thread loaded the scheduler. Without it they would run in that of whoever has given the scheduler work.
 */
export const inNoContext = inContext()
