import { types } from 'node:util'
import { here } from './here.js'
import { letGo, receiveArea } from './ring.js'
import type { TaskRecord } from './task.js'

/*
 * Views of the receive area, which `readView` lends to a task until its next operation takes effect. Whoever performs an
 * operation looks at `here.lent` first, which is hardly ever more than 0: as a rule the task that got a view writes it on
 * in the same slice.
 */

const borrowers: TaskRecord[] = []

/** Notes that a task holds a view. */
export function lend(task: TaskRecord): void {
  here.lent = borrowers.push(task)
}

/** Takes the view of a task back, if it holds one. Its bytes stay as they are until the next turn. */
export function takeBack(task: TaskRecord): void {
  const at = borrowers.indexOf(task)
  if (at < 0) return
  const last = borrowers.pop()!
  if (last !== task) borrowers[at] = last
  here.lent = borrowers.length
  letGo()
}

/** A value that outlives the task which returns it: a view of the receive area is copied. */
export function unlent(value: unknown): unknown {
  // Not `instanceof`, which runs code of the user's where it is a proxy.
  if (!types.isUint8Array(value) || value.buffer !== receiveArea.buffer) return value
  return new Uint8Array(value)
}
