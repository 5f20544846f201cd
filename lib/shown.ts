import { inspect } from 'node:util'

/** Characters of it, at the most. */
const MOST = 100

/**
 * What was given, as an error shows it. It may be anything: no code of its own is called, since that may throw.
 *
 * @example
 * throw new InvalidArgument(`a port is a whole number from 0 to 65535, not ${shown(port)}`)
 */
export function shown(value: unknown): string {
  let text: string
  try {
    text = inspect(value, { depth: 0, customInspect: false, maxArrayLength: 3, maxStringLength: MOST })
  } catch {
    text = `a ${typeof value}`
  }
  const line = text.replace(/\s*\n\s*/g, ' ')
  return line.length > MOST ? `${line.slice(0, MOST)}...` : line
}

/** The whole of what was thrown, where a person reads it. It may be anything, as above: its own code is not called where it throws. */
export function inspected(value: unknown): string {
  try {
    return inspect(value)
  } catch {
    return shown(value)
  }
}
