import { types } from 'node:util'

/** What every generator function inherits from. */
const GENERATOR = Object.getPrototypeOf(function* () {})

/**
 * Whether a value is a function that does its work when it is called. A `function*` does nothing then: where nobody runs what
 * it returns, it has to be refused.
 */
export function isPlain(fn: unknown): boolean {
  return typeof fn === 'function' && Object.getPrototypeOf(fn) !== GENERATOR
}

/** Whether a value is an array or a plain object: what holds others, and runs no code of the user's to show them. */
export function isTransparent(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return false
  if (Array.isArray(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
