import { types } from 'node:util'
import type { Cargo } from './cargo.js'
import { packError, type PackedError, unpackError } from './error-clone.js'
import { InvalidArgument } from './errors.js'
import { type Arrived, kindNamed, kindOf, ofAnotherCopy } from './handle.js'
import { unlent } from './lent.js'
import { TaskRecord } from './task.js'

/** The property that marks what stands for a handle or an error. */
const MARK = '\0miou'

/** Marks an object of the user's that has a property of that name itself: its properties follow, as pairs. */
const PLAIN = 'plain'

interface Mark {
  [MARK]: string
  value: unknown
}

/**
 * How deep a value may be nested: it has to be read on every thread, and Node's own reading of objects ends at 1 600 on the
 * main thread, whose stack is the smallest. An error takes three levels, and the arguments of a call are a list of their own.
 */
const DEEPEST = 1001

/** A value as it travels. */
export interface Packed {
  /** What structured clone takes. Nothing of the user's runs any more when that is written: see `Packer`. */
  value: unknown
  /** Whether handles or errors are in it, which have to be put back in place. */
  marked: boolean
}

/** Packs a value: handles and errors in it are marked, and each part of it is read once. */
export function pack(value: unknown, cargo: Cargo, path = 'the value'): Packed {
  const packer = new Packer(cargo)
  try {
    return { value: packer.part(value, path), marked: packer.marked }
  } catch (error) {
    if (error instanceof RangeError && error.message.includes('call stack')) throw refused(path, 'nested too deeply')
    throw error
  }
}

/**
 * Copies what may have code of the user's in it, such as getters: reading it a second time could find something else, and
 * could send, close or change what has been packed.
 */
class Packer {
  marked = false
  private readonly seen = new Map<object, unknown>()

  constructor(private readonly cargo: Cargo) {}

  part(value: unknown, path: string): unknown {
    if (typeof value === 'function' || typeof value === 'symbol') throw refused(path, `a ${typeof value}`)
    if (typeof value !== 'object' || value === null) return value
    const known = this.seen.get(value)
    if (known !== undefined) return known
    const levels = value instanceof Error ? 3 : 1
    const { cargo } = this
    cargo.depth += levels
    try {
      if (cargo.depth > DEEPEST) throw refused(path, 'nested too deeply')
      return this.whole(value, path)
    } finally {
      cargo.depth -= levels
    }
  }

  private whole(value: object, path: string): unknown {
    const kind = kindOf(value)
    if (kind !== undefined) {
      const marked = this.mark(value, kind.tag)
      marked.value = kind.pack(value, this.cargo)
      return marked
    }
    if (value instanceof TaskRecord) throw refused(path, 'a task: only its parent may hold it')
    if (ofAnotherCopy(value)) throw refused(path, 'a handle of another copy of miou')
    if (value instanceof Error) {
      const marked = this.mark(value, 'error')
      marked.value = packError(value, (part, name, check) => this.tentatively(part, `${path}.${name}`, check))
      return marked
    }
    if (Array.isArray(value)) {
      const copy = this.keep(value, new Array<unknown>(value.length))
      // By its keys: it may be sparse, and have properties beside its elements.
      this.fill(copy as never, value as never, Object.keys(value), (key) => `${path}[${key}]`)
      return copy
    }
    if (value instanceof Map) {
      const copy = this.keep(value, new Map<unknown, unknown>())
      for (const [key, item] of value)
        copy.set(this.part(key, `a key of ${path}`), this.part(item, `a value of ${path}`))
      return copy
    }
    if (value instanceof Set) {
      const copy = this.keep(value, new Set<unknown>())
      for (const item of value) copy.add(this.part(item, `an element of ${path}`))
      return copy
    }
    if (types.isUint8Array(value)) return this.keep(value, unlent(value) as object)
    if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value) || types.isDate(value) || types.isRegExp(value))
      return value
    if (types.isBoxedPrimitive(value)) return value
    return this.object(value as Record<string, unknown>, path)
  }

  /** As `part`, of something that may be left out: where this throws, nothing in it moves, or has been seen. */
  private tentatively(value: unknown, path: string, check: (packed: unknown) => void): unknown {
    const { seen } = this
    const { moving, objects, descriptors } = this.cargo
    const before = { seen: seen.size, moving: moving.length, objects: objects.length, descriptors: descriptors.size }
    try {
      const packed = this.part(value, path)
      check(packed)
      return packed
    } catch (error) {
      for (const one of [...seen.keys()].slice(before.seen)) seen.delete(one)
      for (const handle of [...descriptors.keys()].slice(before.descriptors)) descriptors.delete(handle)
      moving.length = before.moving
      objects.length = before.objects
      throw error
    }
  }

  private object(value: Record<string, unknown>, path: string): unknown {
    const keys = Object.keys(value)
    if (keys.includes(MARK)) {
      const marked = this.mark(value, PLAIN)
      marked.value = keys.map((key) => [key, this.part(value[key], `${path}.${key}`)])
      return marked
    }
    // What has no properties of its own may be anything that structured clone knows and we do not: a port, a key, a blob.
    if (keys.length === 0) return value
    const copy: Record<string, unknown> = this.keep(value, {})
    this.fill(copy, value, keys, (key) => `${path}.${key}`)
    return copy
  }

  private fill(copy: Plain, value: Plain, keys: string[], pathOf: (key: string) => string): void {
    for (const key of keys) {
      const part = value[key]
      const packed = mayStand(part) ? part : this.part(part, pathOf(key))
      set(copy, key, packed)
    }
  }

  private mark(value: object, tag: string): Mark {
    this.marked = true
    return this.keep(value, { [MARK]: tag, value: undefined })
  }

  /** Whoever refers to `value` again gets what was packed in its place. */
  private keep<P>(value: object, packed: P): P {
    this.seen.set(value, packed)
    return packed
  }
}

type Plain = Record<string, unknown>

function set(object: Plain, key: string, value: unknown): void {
  // Assigning would call the setter of __proto__.
  if (key in Object.prototype)
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
  else object[key] = value
}

/** Whether a value travels as it is: most parts of most values do. */
function mayStand(part: unknown): boolean {
  return (typeof part !== 'object' && typeof part !== 'function' && typeof part !== 'symbol') || part === null
}

/** Characters of the way to a part, at the most. */
const LONG = 200

function refused(path: string, what: string): InvalidArgument {
  const where = path.length > LONG ? `${path.slice(0, LONG)}...` : path
  return new InvalidArgument(`${where} can't cross to another domain: it is ${what}`)
}

/** The value on the other side: what was packed is put back in place. */
export function unpack(value: unknown, arrived: Arrived): unknown {
  return unpackDeep(value, arrived, new Map())
}

function unpackDeep(value: unknown, arrived: Arrived, seen: Map<object, unknown>): unknown {
  if (typeof value !== 'object' || value === null) return value
  const known = seen.get(value)
  if (known !== undefined) return known
  if (Object.hasOwn(value, MARK)) {
    const { [MARK]: tag, value: packed } = value as Mark
    if (tag === 'error') {
      const made = unpackError(
        packed as PackedError,
        (error) => seen.set(value, error),
        (part) => unpackDeep(part, arrived, seen),
      )
      return made
    }
    if (tag === PLAIN) {
      const plain: Record<string, unknown> = {}
      seen.set(value, plain)
      for (const [key, part] of packed as [string, unknown][]) set(plain, key, unpackDeep(part, arrived, seen))
      return plain
    }
    const made = kindNamed(tag)?.unpack(packed, arrived)
    seen.set(value, made)
    return made
  }
  seen.set(value, value)
  if (value instanceof Map) {
    const entries = [...value]
    value.clear()
    for (const [key, item] of entries) value.set(unpackDeep(key, arrived, seen), unpackDeep(item, arrived, seen))
  } else if (value instanceof Set) {
    const items = [...value]
    value.clear()
    for (const item of items) value.add(unpackDeep(item, arrived, seen))
  } else if (!ArrayBuffer.isView(value) && !types.isAnyArrayBuffer(value)) {
    const object = value as Record<string, unknown>
    for (const key of Object.keys(object)) {
      const part = object[key]
      if (typeof part !== 'object' || part === null) continue
      const made = unpackDeep(part, arrived, seen)
      if (made !== part) object[key] = made
    }
  }
  return value
}
