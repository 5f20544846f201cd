import { closeSync, openSync, readSync } from 'node:fs'

/* The parts of a 64-bit little-endian ELF file that are read here, by their offsets in bytes. */

const MAGIC = 0x7f454c46
/** In the file's header: where the table of segments begins, how long an entry is, and how many there are. */
const HEADER = { length: 64, table: 32, entryLength: 54, entries: 56 }
/** In an entry: its type, and where in the file the segment lies. */
const ENTRY = { type: 0, offset: 8, length: 32 }
/** `PT_INTERP`: the segment that names the program's loader. */
const INTERPRETER = 3

/**
 * The C library that a Linux program runs on, by the loader that it names (`/lib/ld-musl-x86_64.so.1`). Undefined where there
 * is no telling. The system's files would not tell: one that is built on the one can have programs of the other.
 */
export function libcOf(program: string): 'glibc' | 'musl' | undefined {
  const loader = loaderOf(program)
  if (loader === undefined) return undefined
  return loader.includes('ld-musl') ? 'musl' : 'glibc'
}

function loaderOf(program: string): string | undefined {
  let file: number | undefined
  try {
    file = openSync(program, 'r')
    const header = read(file, 0, HEADER.length)
    if (header.readUInt32BE(0) !== MAGIC) return undefined
    const length = header.readUInt16LE(HEADER.entryLength)
    const table = read(file, Number(header.readBigUInt64LE(HEADER.table)), header.readUInt16LE(HEADER.entries) * length)
    for (let at = 0; at < table.length; at += length) {
      if (table.readUInt32LE(at + ENTRY.type) !== INTERPRETER) continue
      const offset = Number(table.readBigUInt64LE(at + ENTRY.offset))
      return read(file, offset, Number(table.readBigUInt64LE(at + ENTRY.length))).toString('latin1')
    }
  } catch {
    // It can't be read, or it is something else.
  } finally {
    if (file !== undefined) closeSync(file)
  }
  return undefined
}

function read(file: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  return bytes.subarray(0, readSync(file, bytes, 0, length, position))
}
