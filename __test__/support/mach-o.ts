import { createHash } from 'node:crypto'

/* Reads of 64-bit Mach-O files, the binaries of macOS, what its loader reads. */

/** What the loader of macOS reads of a bundle. */
export interface Bundle {
  /** `CPU_TYPE_X86_64` is 0x1000007, `CPU_TYPE_ARM64` 0x100000c. */
  cpu: number
  /** The oldest macOS that it runs on, as `11.0`. */
  minimum: string | undefined
  /** The libraries that it names. */
  needed: string[]
  /** Symbols that it gives, and those that it needs, without the leading underscore. */
  defined: string[]
  wanted: string[]
  /** Whether what its signature says of each page is so; undefined where it is not signed. */
  signed: boolean | undefined
}

const COMMAND = { symbols: 2, library: 0xc, minimum: 0x24, signature: 0x1d, version: 0x32 }
/** Commands that a loader must not overlook have this bit. */
const REQUIRED = 0x80000000
/** Of a symbol: an entry for debuggers; its type; seen from outside. */
const [STAB, TYPE, EXTERNAL] = [0xe0, 0x0e, 0x01]

/** Reads a bundle; throws where it is something else. */
export function bundle(file: Buffer): Bundle {
  if (file.readUInt32LE(0) !== 0xfeedfacf) throw new Error('not a 64-bit Mach-O file')
  const read: Bundle = {
    cpu: file.readUInt32LE(4),
    minimum: undefined,
    needed: [],
    defined: [],
    wanted: [],
    signed: undefined,
  }
  for (let index = 0, at = 32; index < file.readUInt32LE(16); index++) {
    const command = (file.readUInt32LE(at) & ~REQUIRED) >>> 0
    const words = (count: number) => Array.from({ length: count }, (_, word) => file.readUInt32LE(at + 8 + word * 4))
    if (command === COMMAND.library) read.needed.push(string(file, at + words(1)[0]!))
    if (command === COMMAND.minimum) read.minimum = versionOf(words(1)[0]!)
    if (command === COMMAND.version) read.minimum = versionOf(words(2)[1]!)
    if (command === COMMAND.symbols) readSymbols(file, words(4), read)
    if (command === COMMAND.signature) read.signed = signatureHolds(file, words(2)[0]!)
    at += file.readUInt32LE(at + 4)
  }
  return read
}

function string(file: Buffer, at: number): string {
  return file.toString('latin1', at, file.indexOf(0, at))
}

function versionOf(packed: number): string {
  return `${packed >>> 16}.${(packed >>> 8) & 0xff}`
}

function readSymbols(file: Buffer, [table, count, strings]: number[], read: Bundle): void {
  for (let index = 0; index < count!; index++) {
    const at = table! + index * 16
    const type = file.readUInt8(at + 4)
    if (type & STAB || !(type & EXTERNAL)) continue
    const name = string(file, strings! + file.readUInt32LE(at)).replace(/^_/, '')
    if (type & TYPE) read.defined.push(name)
    else read.wanted.push(name)
  }
}

/** Numbers of a signature are big-endian. It says a SHA-256 of each page. */
function signatureHolds(file: Buffer, signature: number): boolean {
  for (let index = 0; index < file.readUInt32BE(signature + 8); index++) {
    if (file.readUInt32BE(signature + 12 + index * 8) !== 0) continue
    const at = signature + file.readUInt32BE(signature + 16 + index * 8)
    const [hashes, pages, limit] = [
      at + file.readUInt32BE(at + 16),
      file.readUInt32BE(at + 28),
      file.readUInt32BE(at + 32),
    ]
    const [size, kind, page] = [file.readUInt8(at + 36), file.readUInt8(at + 37), 1 << file.readUInt8(at + 39)]
    if (file.readUInt32BE(at) !== 0xfade0c02 || kind !== 2 || size !== 32 || pages !== Math.ceil(limit / page))
      return false
    return Array.from({ length: pages }, (_, number) => number).every((number) => {
      const bytes = file.subarray(number * page, Math.min((number + 1) * page, limit))
      const said = file.subarray(hashes + number * size, hashes + (number + 1) * size)
      return createHash('sha256').update(bytes).digest().equals(said)
    })
  }
  return false
}
