/** The program was called wrongly: exit code 2. */
export class UsageError extends Error {}

/** Parses what `parse` parses; wrong options are a `UsageError` with the first sentence of what Node says. */
export function options<T>(parse: () => { values: T }): T {
  try {
    return parse().values
  } catch (error) {
    throw new UsageError((error as Error).message.split(/\.\s/)[0])
  }
}

/** A whole number from `least` to `most`. */
export function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= least && value <= most) return value
  throw new UsageError(`--${name} takes a whole number from ${least} to ${most}, not ${JSON.stringify(text)}`)
}

/** A number of milliseconds, up to a year; Infinity where it is left out. */
export function milliseconds(name: string, text: string | undefined, least: number): number {
  return text === undefined ? Number.POSITIVE_INFINITY : whole(name, text, least, 31_536_000_000)
}
