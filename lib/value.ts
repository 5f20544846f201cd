import { Deserializer, Serializer } from 'node:v8'
import { types } from 'node:util'
import { type Cargo, cargoOf, depart, limit, stay } from './cargo.js'
import { pack, unpack } from './clone.js'
import { InvalidArgument } from './errors.js'
import type { Arrived } from './handle.js'
import { here } from './here.js'
import { native } from './native.js'
import { schedule } from './ready.js'
import * as ring from './ring.js'
import { sendArea, words } from './ring.js'
import type { RunRecord } from './run-record.js'
import { QUEUE, tooMany } from './shared.js'

/*
 * Values at rest, in a queue or as the outcome of a computation: Rust keeps them in bytes, from which any domain may make
 * its own. A value crosses in the header of the ring, beside the call that takes it over or gives it out; its bytes, where
 * there are any, in the send area, outside of what was reserved there, or, where they are many, in a call of their own.
 */

/** Forms of a value, as crates/core/src/value.rs knows them. */
const UNDEFINED = 0
const NULL = 1
const TRUE = 2
const FALSE = 3
const NUMBER = 4
const TEXT = 5
const BYTES = 6
const SERIALISED = 7
/** Serialised, with something in it that has to be unpacked. */
const PACKED = 8

/** There is no value. */
export const EMPTY = -1
/** There is one that can't be copied. */
export const REFUSED = -2

/** Longest text, and most bytes, that are not serialised. */
const INLINE = 4096
/** Most bytes that cross in the send area, as crates/core/src/domain/values.rs says. */
const SHORT = 16 << 10

/** Lays `undefined` down. */
export function layNothing(): void {
  words[ring.FORM] = UNDEFINED
}

/**
 * Lays a value down for the call that takes it over: between the two no code of the user's may run, as it does here. What
 * goes with it is returned: say that it has `left` once it has.
 *
 * @throws `InvalidArgument` for what can't cross, and then nothing has moved.
 */
export function lay(value: unknown, what: string): Cargo | undefined {
  return layShort(value) ? undefined : serialise(value, cargoOf(what), false)
}

/** As `lay`, of a value that anybody may get a copy of: nothing in it may move. */
export function layCopy(value: unknown, what: string): void {
  if (!layShort(value)) serialise(value, cargoOf(what), true)
}

/** Lays down a value that needs no serialising; whether it is one. */
function layShort(value: unknown): boolean {
  switch (typeof value) {
    case 'number':
      ring.number[0] = value
      words[ring.FORM] = NUMBER
      return true
    case 'undefined':
      words[ring.FORM] = UNDEFINED
      return true
    case 'boolean':
      words[ring.FORM] = value ? TRUE : FALSE
      return true
    case 'string':
      // Lone surrogates only survive serialising.
      if (value.length > INLINE || !value.isWellFormed()) return false
      answerHere()
      words[ring.LENGTH] = sendArea.write(value, words[ring.OFFSET])
      words[ring.FORM] = TEXT
      return true
    case 'object': {
      if (value === null) {
        words[ring.FORM] = NULL
        return true
      }
      if (!types.isUint8Array(value) || types.isSharedArrayBuffer(value.buffer)) return false
      const { byteLength } = value
      // One without bytes may be detached, which serialising it tells.
      if (byteLength > INLINE || byteLength === 0) return false
      answerHere()
      sendArea.set(value, words[ring.OFFSET])
      words[ring.LENGTH] = byteLength
      words[ring.FORM] = BYTES
      return true
    }
  }
  return false
}

/** Something that is laid down often, and looks the same each time: what is returned does so. */
export function copyOf(value: unknown, what: string): () => void {
  const cargo = cargoOf(what)
  const { value: packed, marked } = pack(value, cargo, what)
  const bytes = bytesOf(packed, what)
  return () => layParcel(marked ? PACKED : SERIALISED, bytes, cargo)
}

function serialise(value: unknown, cargo: Cargo, copied: boolean): Cargo {
  const { what, moving } = cargo
  const packed = pack(value, cargo, what)
  limit(cargo)
  if (copied && moving.length > 0) {
    throw new InvalidArgument(
      `${what} can be had by many: there can't be a descriptor in it, or what else moves. Put it on a Queue`,
    )
  }
  const bytes = bytesOf(packed.value, what)
  depart(cargo)
  layParcel(packed.marked ? PACKED : SERIALISED, bytes, cargo)
  return cargo
}

function layParcel(form: number, bytes: Buffer, cargo: Cargo): void {
  layBytes(bytes)
  words[ring.FORM] = form
  words[ring.CARGO] = cargo.moving.length === 0 ? -1 : (cargo.run?.id ?? 0)
}

const NO_BYTES = Buffer.alloc(0)

/** What goes with a value that itself is kept on this domain. */
export interface Rest {
  /** Takes it out, once. */
  takeOut(run: RunRecord): Arrived
}

/** Has the cargo of a value, which has departed, rest in the core, on a queue that nobody else knows. */
export function rest(cargo: Cargo): Rest {
  const word = native.create(QUEUE)
  if (word < 0) {
    stay()
    throw tooMany()
  }
  layParcel(SERIALISED, NO_BYTES, cargo)
  words[ring.OBJECT] = word
  native.enqueue()
  return {
    takeOut(run) {
      answerHere()
      words[ring.OBJECT] = word
      native.dequeue()
      const arrived = handles(run)
      native.release(word)
      schedule()
      return arrived
    },
  }
}

function bytesOf(packed: unknown, what: string): Buffer {
  const writer = new Writer()
  try {
    writer.writeHeader()
    writer.writeValue(packed)
    return writer.releaseBuffer()
  } catch (error) {
    throw new InvalidArgument(`${what} can't cross to another domain: ${(error as Error).message}`, { cause: error })
  }
}

function layBytes(bytes: Buffer): void {
  if (bytes.length > SHORT) {
    words[ring.LENGTH] = -1
    native.lay(bytes)
  } else {
    answerHere()
    words[ring.LENGTH] = bytes.length
    sendArea.set(bytes, words[ring.OFFSET])
  }
}

/** Says where the answer of the next call may lie: where the next submission would. */
export function answerHere(): void {
  ring.makeRoom(ring.PIECE)
  words[ring.OFFSET] = ring.reserve(0)
}

/** As `laid`, of a value that was taken from where it rested. */
export function taken(form: number): unknown {
  // Its memory is freed when this domain has nothing else to do: outside of a run, nothing else makes it look.
  if (form > NUMBER) schedule()
  return laid(form)
}

/** The value that a call has laid down in this form. */
export function laid(form: number): unknown {
  switch (form) {
    case NUMBER:
      return ring.number[0]
    case UNDEFINED:
      return undefined
    case NULL:
      return null
    case TRUE:
      return true
    case FALSE:
      return false
    case TEXT:
      return bytes().toString()
    case BYTES:
      return new Uint8Array(bytes())
  }
  const arrived = handles(here.current?.run ?? null)
  const reader = new Deserializer(bytes())
  reader.readHeader()
  const value: unknown = reader.readValue()
  return form === PACKED ? unpack(value, arrived) : value
}

/** The bytes of a value. */
function bytes(): Buffer {
  const length = words[ring.LENGTH]
  return length < 0 ? native.fetch() : sendArea.subarray(words[ring.OFFSET], words[ring.OFFSET] + length)
}

/** The descriptors that came with a value. */
function handles(run: RunRecord | null): Arrived {
  const at = words[ring.OFFSET] + (Math.max(0, words[ring.LENGTH] + 3) & ~3)
  const list: number[] = []
  for (let i = 0; i < words[ring.CARGO] * 3; i++) list.push(sendArea.readInt32LE(at + i * 4))
  return { words: list, run, moved: [], loading: [] }
}

/** Writes what structured clone writes. */
class Writer extends Serializer {
  /** @internal Called for what is neither of the language nor plain data. */
  _writeHostObject(object: object): never {
    throw new InvalidArgument(`a ${object.constructor?.name ?? 'value'} is in it, which can only be passed to call`)
  }

  /** @internal Called for memory that several domains see: its owner has to be there when another domain takes it. */
  _getSharedArrayBufferId(): never {
    throw new InvalidArgument(
      'shared memory is in it, and what rests is kept as bytes: pass the memory as an argument of call, and have here what says which part of it is meant',
    )
  }
}
