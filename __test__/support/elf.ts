/* Reads of 64-bit little-endian ELF files what a loader reads: what they need, and what they give. */

/** A symbol of a shared object. */
export interface ElfSymbol {
  name: string
  defined: boolean
  /** The version that it needs of a library, as `GLIBC_2.17`. */
  version: string | undefined
}

/** What a loader reads of a shared object. */
export interface SharedObject {
  /** `EM_X86_64` is 62, `EM_AARCH64` 183. */
  machine: number
  /** The libraries that it names. */
  needed: string[]
  /** Where it has the loader look for them; it should not. */
  paths: string[]
  symbols: ElfSymbol[]
}

/** Tags of the dynamic section. */
const DYNAMIC = { needed: 1, rpath: 15, runpath: 29 }
/** Types of sections. */
const SECTION = { dynamic: 6, symbols: 11, neededVersions: 0x6ffffffe, versions: 0x6fffffff }

interface Section {
  type: number
  offset: number
  size: number
  /** The section that this one's names are in. */
  link: number
  /** How many entries it has, where its entries vary in length. */
  info: number
}

/** Reads a shared object; throws where it is something else. */
export function sharedObject(file: Buffer): SharedObject {
  if (file.readUInt32BE(0) !== 0x7f454c46 || file.readUInt8(4) !== 2 || file.readUInt8(5) !== 1) {
    throw new Error('not a 64-bit little-endian ELF file')
  }
  const sections = sectionsOf(file)
  const of = (type: number) => sections.find((section) => section.type === type)
  const dynamic = of(SECTION.dynamic)!
  const strings = stringsOf(file, sections[dynamic.link]!)
  const entries: [number, number][] = []
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.size; at += 16)
    entries.push([long(file, at), long(file, at + 8)])
  const named = (tag: number) => entries.filter(([of]) => of === tag).map(([, value]) => strings(value))
  return {
    machine: file.readUInt16LE(18),
    needed: named(DYNAMIC.needed),
    paths: [...named(DYNAMIC.rpath), ...named(DYNAMIC.runpath)],
    symbols: symbolsOf(file, sections, versionsOf(file, sections)),
  }
}

function long(file: Buffer, at: number): number {
  return Number(file.readBigUInt64LE(at))
}

function sectionsOf(file: Buffer): Section[] {
  const [table, size, count] = [long(file, 40), file.readUInt16LE(58), file.readUInt16LE(60)]
  return Array.from({ length: count }, (_, index) => {
    const at = table + index * size
    return {
      type: file.readUInt32LE(at + 4),
      offset: long(file, at + 24),
      size: long(file, at + 32),
      link: file.readUInt32LE(at + 40),
      info: file.readUInt32LE(at + 44),
    }
  })
}

function stringsOf(file: Buffer, section: Section): (at: number) => string {
  return (at) => {
    const start = section.offset + at
    return file.toString('latin1', start, file.indexOf(0, start))
  }
}

/** The names of the versions that it needs, by the number that a symbol has for them. */
function versionsOf(file: Buffer, sections: Section[]): Map<number, string> {
  const versions = new Map<number, string>()
  const section = sections.find(({ type }) => type === SECTION.neededVersions)
  if (section === undefined) return versions
  const strings = stringsOf(file, sections[section.link]!)
  for (let library = 0, at = section.offset; library < section.info; library++) {
    let entry = at + file.readUInt32LE(at + 8)
    for (let index = 0; index < file.readUInt16LE(at + 2); index++) {
      versions.set(file.readUInt16LE(entry + 6), strings(file.readUInt32LE(entry + 8)))
      entry += file.readUInt32LE(entry + 12)
    }
    at += file.readUInt32LE(at + 12)
  }
  return versions
}

function symbolsOf(file: Buffer, sections: Section[], versions: Map<number, string>): ElfSymbol[] {
  const section = sections.find(({ type }) => type === SECTION.symbols)!
  const strings = stringsOf(file, sections[section.link]!)
  const numbers = sections.find(({ type }) => type === SECTION.versions)
  const symbols: ElfSymbol[] = []
  // The first entry is empty.
  for (let index = 1; index * 24 < section.size; index++) {
    const at = section.offset + index * 24
    const number = numbers === undefined ? 0 : file.readUInt16LE(numbers.offset + index * 2)
    symbols.push({
      name: strings(file.readUInt32LE(at)),
      defined: file.readUInt16LE(at + 6) !== 0,
      version: versions.get(number & 0x7fff),
    })
  }
  return symbols
}
