import { types } from 'node:util'
import { InvalidArgument } from './errors.js'
import { find, referenceOf } from './portable.js'

/** What all functions inherit from that do nothing when they are called: `function*` and `async function*`. */
const GENERATORS: unknown[] = [function* () {}, async function* () {}].map(Object.getPrototypeOf)

/**
 * Whether a value is a function that does its work when it is called. A `function*` does nothing then: where nobody runs what
 * it returns, it has to be refused, also where it is portable.
 */
export function isPlain(fn: unknown): boolean {
  if (typeof fn !== 'function') return false
  const reference = referenceOf(fn)
  return !GENERATORS.includes(Object.getPrototypeOf((reference && find(reference)) ?? fn))
}

/**
 * Throws where a plain function, called for what it does, has returned a generator: it called a `function*`, of which nothing
 * has run and nothing will.
 */
export function refuseGenerator(returned: unknown, what: string): void {
  if (returned !== undefined && types.isGeneratorObject(returned))
    throw new InvalidArgument(
      `${what} returned a generator, which nobody runs: it has to be a plain function that calls none`,
    )
}

/** Whether a value is an array or a plain object: what holds others, and runs no code of the user's to show them. */
export function isTransparent(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return false
  if (Array.isArray(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
