/** What every generator function inherits from. */
const GENERATOR = Object.getPrototypeOf(function* () {})

/**
 * Whether a value is a function that does its work when it is called. A `function*` does nothing then: where nobody runs what
 * it returns, it has to be refused.
 */
export function isPlain(fn: unknown): boolean {
  return typeof fn === 'function' && Object.getPrototypeOf(fn) !== GENERATOR
}
