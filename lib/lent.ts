import { receiveArea } from './ring.js'

/** A value that outlives the task which returns it: a view of the receive area is copied. */
export function unlent(value: unknown): unknown {
  if (typeof value !== 'object' || !(value instanceof Uint8Array) || value.buffer !== receiveArea.buffer) return value
  return new Uint8Array(value)
}
