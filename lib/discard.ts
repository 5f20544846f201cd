/*
 * Values that nobody will read may hold descriptors, which nobody would close. What those are is told by lib/unix/leftovers.ts.
 */

let closeIn: ((value: unknown) => void) | undefined

/** Says how descriptors in a value are closed: `lib/unix` does, on which nothing here depends. */
export function onDiscard(close: (value: unknown) => void): void {
  closeIn = close
}

let holds: ((value: object) => boolean) | undefined

/** Says how it is known whether a descriptor is in a value. */
export function onHolds(test: (value: object) => boolean): void {
  holds = test
}

/** Whether a descriptor is in a value. Looks into arrays, maps, sets and plain objects. */
export function holdsDescriptor(value: unknown): boolean {
  return typeof value === 'object' && value !== null && holds?.(value) === true
}

/** Nobody will read this value: a plain descriptor in it is closed. */
export function discard(value: unknown): void {
  if (typeof value === 'object' && value !== null) closeIn?.(value)
}
