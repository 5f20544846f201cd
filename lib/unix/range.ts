import { InvalidArgument } from '../errors.js'

/** A part of a buffer, in bytes: from `off` (0 where it is left out), `len` long (the rest where it is left out). */
export interface Range {
  off?: number
  len?: number
}

/** Throws where `buf` is not bytes, or the range does not lie within it. */
export function checkRange(buf: Uint8Array, off: number, len: number, what: string): void {
  if (!(off >= 0 && len >= 0 && off + len <= buf.byteLength && Number.isInteger(off) && Number.isInteger(len))) {
    throw new InvalidArgument(`${what}: off ${off} and len ${len} do not lie within a buffer of ${buf.byteLength} bytes`)
  }
}

/** Throws where `buf` is not bytes. */
export function checkBytes(buf: unknown, what: string): asserts buf is Uint8Array {
  if (!(buf instanceof Uint8Array)) throw new InvalidArgument(`${what} takes bytes: a Uint8Array or a Buffer`)
}
