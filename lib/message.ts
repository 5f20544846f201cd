import { type MessagePort, receiveMessageOnPort, type TransferListItem } from 'node:worker_threads'
import { pack, unpack } from './clone.js'
import { rust } from './domain-thread.js'
import { InvalidArgument } from './errors.js'
import type { Arrived, Cargo } from './handle.js'
import * as ring from './ring.js'
import { receiveArea, sendArea } from './ring.js'
import { schedule } from './ready.js'

/*
 * Messages between domains, written straight into the send area and read from the receive area: numbers, short strings and
 * short bytes travel in the message itself; anything else is posted on the MessagePort between the two domains, and the
 * message says to take one from there.
 */

/** Longest message but for its last value, and longest string or bytes that travel in it. */
const INLINE = 4096

const UNDEFINED = 0
const NULL = 1
const TRUE = 2
const FALSE = 3
const NUMBER = 4
const STRING = 5
const BYTES = 6
const POSTED = 7
/** Posted, with something in it that has to be unpacked. */
const PACKED = 8

const out = new DataView(sendArea.buffer, sendArea.byteOffset, sendArea.byteLength)
const arriving = new DataView(receiveArea.buffer, receiveArea.byteOffset, receiveArea.byteLength)

/** The ports to the other domains, by place. */
const ports = new Map<number, MessagePort>()

/** Introduces the domain at `place`. */
export function introduce(to: number, port: MessagePort): void {
  port.unref()
  ports.set(to, port)
}

/** The domain at `place` is gone. */
export function forget(to: number): void {
  ports.get(to)?.close()
  ports.delete(to)
}

// The message that is being written. One at a time: nothing that writes a message lets anything else run.
let at = 0
let start = 0

/** Begins a message of a kind. */
export function begin(kind: number): void {
  ring.makeRoom(ring.PIECE)
  start = ring.reserve(0)
  at = start
  out.setUint8(at++, kind)
}

/** Adds a 32-bit integer. */
export function putInt(value: number): void {
  out.setInt32(at, value, true)
  at += 4
}

/** Adds a string of at most a few hundred characters. */
export function putText(text: string): void {
  const length = sendArea.write(text, at + 2)
  out.setUint16(at, length, true)
  at += 2 + length
}

/** What may stand in a message, and to whom. */
export interface Wrapping extends Cargo {
  /** Place of the domain that it is for. */
  to: number
  /** What is transferred with posted values instead of cloned. */
  transfer: readonly TransferListItem[]
  /** What errors call the value. */
  what: string
}

/** An empty wrapping. */
export function wrapping(to: number, what: string): Wrapping {
  return {
    to,
    what,
    leave: [],
    packed: 0,
    shared: false,
    numbers: new Map(),
    transferring: false,
    given: NOTHING,
    transfer: NONE,
  }
}

const NOTHING: ReadonlySet<unknown> = new Set()
const NONE: readonly TransferListItem[] = []

/**
 * Adds any value that may cross. Throws `InvalidArgument`, and then nothing has moved. A message has one such value, as
 * its last part: what was posted for it can't be taken back.
 */
export function putValue(value: unknown, wrap: Wrapping): void {
  if (wrap.transfer.length > 0 || !putInline(value)) post(value, wrap)
}

/** Adds a list of values, as `putValue` does a value: one by one where all of them are short, otherwise posted as one. */
export function putValues(values: readonly unknown[], wrap: Wrapping): void {
  const here = at
  if (values.length < 0xff && wrap.transfer.length === 0) {
    out.setUint8(at++, values.length)
    if (values.every(putInline)) return
    at = here
  }
  out.setUint8(at++, 0xff)
  post(values, wrap)
}

/** Adds a value that is short enough to travel in the message; false where it is not. */
function putInline(value: unknown): boolean {
  if (at - start >= INLINE) return false
  switch (typeof value) {
    case 'undefined':
      out.setUint8(at++, UNDEFINED)
      return true
    case 'boolean':
      out.setUint8(at++, value ? TRUE : FALSE)
      return true
    case 'number':
      out.setUint8(at++, NUMBER)
      out.setFloat64(at, value, true)
      at += 8
      return true
    case 'string':
      // Lone surrogates only survive cloning.
      if (value.length > INLINE || !value.isWellFormed()) return false
      out.setUint8(at++, STRING)
      putText(value)
      return true
    case 'object':
      if (value === null) {
        out.setUint8(at++, NULL)
        return true
      }
      return value.constructor === Uint8Array && putBytes(value as Uint8Array)
  }
  return false
}

function putBytes(bytes: Uint8Array): boolean {
  const length = bytes.byteLength
  if (length > INLINE || bytes.buffer instanceof SharedArrayBuffer) return false
  out.setUint8(at++, BYTES)
  out.setUint16(at, length, true)
  at += 2
  sendArea.set(bytes, at)
  at += length
  return true
}

/** Posts a value on the port of the domain that the message is for. */
function post(value: unknown, wrap: Wrapping): void {
  const packed = pack(value, wrap, wrap.what)
  const port = ports.get(wrap.to)
  if (port === undefined) throw new InvalidArgument(`${wrap.what} can't cross: the domain at place ${wrap.to} is gone`)
  try {
    port.postMessage(packed, wrap.transfer)
  } catch (error) {
    throw new InvalidArgument(`${wrap.what} can't cross to another domain: ${(error as Error).message}`, {
      cause: error,
    })
  }
  out.setUint8(at++, packed === value ? POSTED : PACKED)
}

/** Gives up the message that was begun. */
export function abandon(wrap: Wrapping): void {
  if (wrap.packed > 0 || wrap.shared) rust().unpack()
}

/** Whether messages wait for the next turn, which posts them. */
export const outbox = { waiting: false }

let sent: (to: number) => void = () => {}

/** Says what is called with the place that each message goes to. */
export function onSend(callback: (to: number) => void): void {
  sent = callback
}

/** Sends the message that was begun. */
export function send(to: number, wrap?: Wrapping): void {
  ring.reserve(at - start)
  ring.submit(ring.SEND, 0, to, start, at - start, 0, 0)
  if (wrap !== undefined) for (const leave of wrap.leave) leave()
  outbox.waiting = true
  sent(to)
  schedule()
}

/** A message that has arrived, and how far it was read. Good until the function that it was given to returns. */
export class Message {
  private at: number
  /** What came with it. */
  readonly arrived: Arrived

  constructor(
    /** Place of the domain that sent it. */
    readonly from: number,
    offset: number,
    length: number,
    cargo: number,
  ) {
    this.at = offset
    const handles = offset + ((length + 3) & ~3)
    const list: number[] = []
    for (let i = 0; i < cargo * 3; i++) list.push(arriving.getInt32(handles + i * 4, true))
    this.arrived = { words: list, run: null, loading: [] }
  }

  byte(): number {
    return arriving.getUint8(this.at++)
  }

  int(): number {
    const value = arriving.getInt32(this.at, true)
    this.at += 4
    return value
  }

  text(): string {
    const length = arriving.getUint16(this.at, true)
    this.at += 2
    const text = receiveArea.toString('utf8', this.at, this.at + length)
    this.at += length
    return text
  }

  value(): unknown {
    switch (this.byte()) {
      case UNDEFINED:
        return undefined
      case NULL:
        return null
      case TRUE:
        return true
      case FALSE:
        return false
      case NUMBER: {
        const value = arriving.getFloat64(this.at, true)
        this.at += 8
        return value
      }
      case STRING:
        return this.text()
      case BYTES: {
        const length = arriving.getUint16(this.at, true)
        this.at += 2
        const bytes = new Uint8Array(receiveArea.subarray(this.at, this.at + length))
        this.at += length
        return bytes
      }
      case PACKED:
        return unpack(this.posted(), this.arrived)
      default:
        return this.posted()
    }
  }

  /** What `putValues` has added. */
  values(): unknown[] {
    const count = this.byte()
    if (count === 0xff) return this.value() as unknown[]
    const values: unknown[] = []
    for (let i = 0; i < count; i++) values.push(this.value())
    return values
  }

  /** The next value that the sender has posted. */
  private posted(): unknown {
    const port = ports.get(this.from)
    return port === undefined ? undefined : receiveMessageOnPort(port)?.message
  }
}
