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

/** What may stand in a message instead of `value`, which may be `value` itself: handles and errors in it are packed. */
export function pack(value: unknown, cargo: Cargo, path = 'the value'): unknown {
  try {
    return packDeep(value, cargo, path, new Map())
  } catch (error) {
    if (error instanceof RangeError && error.message.includes('call stack')) throw refused(path, 'nested too deeply')
    throw error
  }
}

function packDeep(value: unknown, cargo: Cargo, path: string, seen: Map<object, unknown>): unknown {
  if (typeof value === 'function' || typeof value === 'symbol') throw refused(path, `a ${typeof value}`)
  if (typeof value !== 'object' || value === null) return value
  const known = seen.get(value)
  if (known !== undefined) return known
  const kind = kindOf(value)
  if (kind !== undefined) return keep(seen, value, { [MARK]: kind.tag, value: kind.pack(value, cargo) } satisfies Mark)
  if (value instanceof TaskRecord) throw refused(path, 'a task: only its parent may hold it')
  if (ofAnotherCopy(value)) throw refused(path, 'a handle of another copy of miou')
  if (value instanceof Error) {
    const marked: Mark = { [MARK]: 'error', value: undefined }
    seen.set(value, marked)
    marked.value = packError(value, (part, name) => packDeep(part, cargo, `${path}.${name}`, seen))
    return marked
  }
  if (Array.isArray(value)) {
    const copy: unknown[] = []
    return keepIfChanged(seen, value, copy, () => {
      let changed = false
      for (let i = 0; i < value.length; i++) {
        if (!(i in value)) {
          copy.length = i + 1
          continue
        }
        copy[i] = packDeep(value[i], cargo, `${path}[${i}]`, seen)
        changed ||= copy[i] !== value[i]
      }
      return changed
    })
  }
  if (value instanceof Map) {
    const copy = new Map<unknown, unknown>()
    return keepIfChanged(seen, value, copy, () => {
      let changed = false
      for (const [key, item] of value) {
        const k = packDeep(key, cargo, `a key of ${path}`, seen)
        const v = packDeep(item, cargo, `a value of ${path}`, seen)
        copy.set(k, v)
        changed ||= k !== key || v !== item
      }
      return changed
    })
  }
  if (value instanceof Set) {
    const copy = new Set<unknown>()
    return keepIfChanged(seen, value, copy, () => {
      let changed = false
      for (const item of value) {
        const v = packDeep(item, cargo, `an element of ${path}`, seen)
        copy.add(v)
        changed ||= v !== item
      }
      return changed
    })
  }
  if (types.isUint8Array(value)) return keep(seen, value, unlent(value) as object)
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value) || types.isDate(value) || types.isRegExp(value))
    return value
  if (types.isBoxedPrimitive(value)) return value
  return packObject(value as Record<string, unknown>, cargo, path, seen)
}

function packObject(value: Record<string, unknown>, cargo: Cargo, path: string, seen: Map<object, unknown>): unknown {
  const keys = Object.keys(value)
  if (keys.includes(MARK)) {
    const marked: Mark = { [MARK]: PLAIN, value: undefined }
    seen.set(value, marked)
    marked.value = keys.map((key) => [key, packDeep(value[key], cargo, `${path}.${key}`, seen)])
    return marked
  }
  // What has no properties of its own may be anything that structured clone knows and we do not: a port, a key, a blob.
  if (keys.length === 0) return value
  const copy: Record<string, unknown> = {}
  return keepIfChanged(seen, value, copy, () => {
    let changed = false
    for (const key of keys) {
      const part = value[key]
      const packed = packDeep(part, cargo, `${path}.${key}`, seen)
      // Assigning would call the setter of __proto__.
      Object.defineProperty(copy, key, { value: packed, enumerable: true, configurable: true, writable: true })
      changed ||= packed !== part
    }
    return changed
  })
}

function keep(seen: Map<object, unknown>, value: object, packed: unknown): unknown {
  seen.set(value, packed)
  return packed
}

/**
 * The original where nothing in it had to be packed. While its parts are looked at, whoever refers back to it gets the
 * copy: then something did have to be packed.
 */
function keepIfChanged(seen: Map<object, unknown>, value: object, copy: object, fill: () => boolean): unknown {
  seen.set(value, copy)
  if (fill()) return copy
  seen.set(value, value)
  return value
}

function refused(path: string, what: string): InvalidArgument {
  return new InvalidArgument(`${path} can't cross to another domain: it is ${what}`)
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
      for (const [key, part] of packed as [string, unknown][]) plain[key] = unpackDeep(part, arrived, seen)
      return plain
    }
    const made = kindNamed(tag)?.unpack(packed, arrived)
    seen.set(value, made)
    return made
  }
  seen.set(value, value)
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) if (i in value) value[i] = unpackDeep(value[i], arrived, seen)
  } else if (value instanceof Map) {
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
