import { extra } from './extra.js'
import type { TaskRecord } from './task.js'

/*
 * What a task owes to others, such as the outcome of what it computes for them. A body gives up by itself what it can't
 * finish; one that never begins, or is dropped since it swallowed every Cancelled, does not get to that.
 */

/** Has `giveUp` called where the task ends before it is said that this is `over`. */
export function atEnd(task: TaskRecord, giveUp: () => void): void {
  const more = extra(task)
  more.atEnd ??= new Set()
  more.atEnd.add(giveUp)
}

/** Nothing is owed any more. */
export function over(task: TaskRecord, giveUp: () => void): void {
  task.extra?.atEnd?.delete(giveUp)
}

/** The task has ended: gives up what it still owes. */
export function giveUpAll(task: TaskRecord): void {
  for (const giveUp of task.extra?.atEnd ?? []) giveUp()
}
