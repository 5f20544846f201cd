import { types } from 'node:util'
import { InvalidArgument } from '../errors.js'
import { shown } from '../shown.js'
import { checkObject } from '../check-object.js'

/** A part of a buffer, in bytes: from `off` (0 where it is left out), `len` long (the rest where it is left out). */
export interface Range {
  off?: number
  len?: number
}

/** Throws where what is given for a range is none, whatever it is. */
export function checkRangeOptions(options: Range, what: string): void {
  checkObject(options, what)
  const { off = 0, len = 0 } = options
  if (typeof off !== 'number' || typeof len !== 'number')
    throw new InvalidArgument(`${what}: off and len are numbers of bytes, not ${shown(off)} and ${shown(len)}`)
}

/** Throws where the range does not lie within `buf`. */
export function checkRange(buf: Uint8Array, off: number, len: number, what: string): void {
  const size = buf.length
  if (!(off >= 0 && len >= 0 && off + len <= size && Number.isInteger(off) && Number.isInteger(len))) {
    throw new InvalidArgument(`${what}: off ${off} and len ${len} do not lie within a buffer of ${size} bytes`)
  }
  if (size === 0 && isDetached(buf))
    throw new InvalidArgument(`${what}: the buffer was detached, its bytes are elsewhere`)
}

/** Throws where `buf` is not bytes. One of another realm (a vm context) is no instance of ours. */
export function checkBytes(buf: unknown, what: string): asserts buf is Uint8Array {
  if (!(buf instanceof Uint8Array) && !types.isUint8Array(buf)) {
    throw new InvalidArgument(`${what} takes bytes: a Uint8Array or a Buffer`)
  }
}

/** The error for a buffer that is no longer what it was when its operation was made. */
export function changed(what: string, done: string): InvalidArgument {
  return new InvalidArgument(`${what}: the buffer was detached or has shrunk while the task waited; ${done}`)
}

function isDetached(buf: Uint8Array): boolean {
  try {
    new Uint8Array(buf.buffer, 0, 0)
    return false
  } catch {
    return true
  }
}
