let closeIn: ((value: unknown) => void) | undefined

/** Says how descriptors in a value are closed: sockets are another room's business. */
export function onDiscard(close: (value: unknown) => void): void {
  closeIn = close
}

/** Nobody will read this value: a plain descriptor in it is closed. */
export function discard(value: unknown): void {
  if (typeof value === 'object' && value !== null) closeIn?.(value)
}
