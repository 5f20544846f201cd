import { here } from './here.js'
import { isOurs } from './site.js'
import { nameOf } from './task.js'

/*
 * Both stacks of an error that has crossed: where it was thrown, and, below that, who awaits it. One that passes on through
 * several domains gathers one of each.
 */

/** Errors that have ended tasks elsewhere, and that nobody here has met yet. */
const crossed = new WeakSet<Error>()

/** An error has ended something on another domain. */
export function hasCrossed(error: unknown): void {
  if (error instanceof Error) crossed.add(error)
}

/** The current task meets an error: one that has crossed gets the stack from below `above` on, once. */
export function met(thrown: unknown, above: (...args: never[]) => unknown): void {
  const error = thrown as Error
  // It may be anything: only what is known to be an error is looked at.
  if (!crossed.delete(error)) return
  const caught: { stack?: string } = {}
  Error.captureStackTrace(caught, above)
  const lines = caught.stack?.split('\n').slice(1) ?? []
  if (lines.length === 0) return
  const theirs = lines.filter((line) => !isOurs(line))
  const { current } = here
  const by = current === null ? '' : ` by ${nameOf(current)} on domain ${current.domain}`
  // In a bundle all lines are of one file.
  const stack = [error.stack, `    --- awaited${by} ---`, ...(theirs.length > 0 ? theirs : lines)].join('\n')
  Object.defineProperty(error, 'stack', { value: stack, writable: true, configurable: true, enumerable: false })
}
