import { AsyncLocalStorage } from 'node:async_hooks'
import type { TaskRecord } from './task.js'

/** What runs the slices of a task that is created now in the async context of its creator. */
export function inContext(): (slice: (task: TaskRecord) => void, task: TaskRecord) => void {
  return AsyncLocalStorage.snapshot() as (slice: (task: TaskRecord) => void, task: TaskRecord) => void
}
