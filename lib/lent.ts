import { types } from 'node:util'
import { here } from './here.js'
import { isTransparent } from './plain.js'
import { releaseBytes, receiveArea } from './ring.js'
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

/** Takes the view of a task back, if it holds one, and says whether it did. Its bytes stay as they are until the next turn. */
export function takeBack(task: TaskRecord): boolean {
  const at = borrowers.indexOf(task)
  if (at < 0) return false
  const last = borrowers.pop()!
  if (last !== task) borrowers[at] = last
  here.lent = borrowers.length
  releaseBytes()
  return true
}

/** A value that outlives the task which returns it: a view of the receive area is copied. */
export function unlent(value: unknown): unknown {
  // Not `instanceof`, which runs code of the user's where it is a proxy.
  if (typeof value !== 'object' || !types.isUint8Array(value) || value.buffer !== receiveArea.buffer) return value
  return new Uint8Array(value)
}

/** The same within a value that is returned while a view is lent: those in arrays and plain objects are replaced there. */
export function unlendWithin(value: unknown): void {
  const seen = new Set<object>()
  const rest = [value]
  while (rest.length > 0) {
    const next = rest.pop()
    if (!isTransparent(next) || seen.has(next)) continue
    seen.add(next)
    for (const key of Object.keys(next)) {
      // Getters are code of the user's, which has no place here.
      const part: unknown = Object.getOwnPropertyDescriptor(next, key)?.value
      const own = unlent(part)
      if (own !== part) Reflect.set(next, key, own)
      else rest.push(part)
    }
  }
}
