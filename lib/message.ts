import { receiveMessageOnPort } from 'node:worker_threads'
import { left } from './cargo.js'
import { unpack } from './clone.js'
import type { Arrived } from './handle.js'
import { portTo } from './ports.js'
import { LISTED, type Prepared } from './prepared.js'
import { schedule } from './ready.js'
import * as ring from './ring.js'
import { receiveArea, sendArea } from './ring.js'

/*
 * Messages between domains, written straight into the send area and read from the receive area: numbers, short strings and
 * short bytes travel in the message itself; anything else is posted on the MessagePort between the two domains, and the
 * message says to take one from there.
 */

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

// The message that is being written. One at a time: from `begin` to `send` no code of the user's runs, see prepared.ts.
let at = 0
let start = 0
/** What was put into it last, whose cargo leaves with it. */
let load: Prepared | undefined

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

/** Adds a whole number that may be too large for that, as ids of tasks are in a run of days: up to 2 ** 53. */
export function putId(value: number): void {
  out.setFloat64(at, value, true)
  at += 8
}

/** Adds a string, of 65 535 bytes of UTF-8 at the most: 16 KiB of characters always fit. */
export function putText(text: string): void {
  const length = sendArea.write(text, at + 2)
  out.setUint16(at, length, true)
  at += 2 + length
}

/** Adds what was prepared, as the last part of the message. */
export function put(prepared: Prepared): void {
  const { inline, packed } = prepared
  load = prepared
  if (inline === undefined) {
    out.setUint8(at++, LISTED)
    out.setUint8(at++, packed ? PACKED : POSTED)
  } else {
    out.setUint8(at++, inline.length)
    for (const value of inline) putInline(value)
  }
}

function putInline(value: unknown): void {
  switch (typeof value) {
    case 'boolean':
      out.setUint8(at++, value ? TRUE : FALSE)
      return
    case 'number':
      out.setUint8(at++, NUMBER)
      out.setFloat64(at, value, true)
      at += 8
      return
    case 'string':
      out.setUint8(at++, STRING)
      return putText(value)
    case 'object':
      if (value !== null) return putBytes(value as Uint8Array)
      out.setUint8(at++, NULL)
      return
    default:
      out.setUint8(at++, UNDEFINED)
  }
}

function putBytes(bytes: Uint8Array): void {
  const length = bytes.byteLength
  out.setUint8(at++, BYTES)
  out.setUint16(at, length, true)
  at += 2
  sendArea.set(bytes, at)
  at += length
}

/** Whether messages wait for the next turn, which posts them. */
export const outbox = { waiting: false }

let sent: (to: number) => void = () => {}

/** Says what is called with the place that each message goes to. */
export function onSend(callback: (to: number) => void): void {
  sent = callback
}

/** Sends the message that was begun. */
export function send(to: number): void {
  ring.reserve(at - start)
  ring.submit(ring.SEND, ring.NOBODY, to, start, at - start, 0, 0)
  const cargo = load?.cargo
  load = undefined
  if (cargo !== undefined) left(cargo)
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
    this.arrived = { words: list, run: null, moved: [], loading: [] }
  }

  byte(): number {
    return arriving.getUint8(this.at++)
  }

  int(): number {
    const value = arriving.getInt32(this.at, true)
    this.at += 4
    return value
  }

  id(): number {
    const value = arriving.getFloat64(this.at, true)
    this.at += 8
    return value
  }

  text(): string {
    const length = arriving.getUint16(this.at, true)
    this.at += 2
    const text = receiveArea.toString('utf8', this.at, this.at + length)
    this.at += length
    return text
  }

  /** What was prepared as one value. */
  value(): unknown {
    return this.byte() === LISTED ? this.whole() : this.inline()
  }

  /** What was prepared as a list. */
  values(): unknown[] {
    const count = this.byte()
    if (count === LISTED) return this.whole() as unknown[]
    const values: unknown[] = []
    for (let i = 0; i < count; i++) values.push(this.inline())
    return values
  }

  private inline(): unknown {
    switch (this.byte()) {
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
      default:
        return undefined
    }
  }

  private whole(): unknown {
    const packed = this.byte() === PACKED
    const value = this.posted()
    return packed ? unpack(value, this.arrived) : value
  }

  /** The next value that the sender has posted. */
  private posted(): unknown {
    const port = portTo(this.from)
    return port === undefined ? undefined : receiveMessageOnPort(port)?.message
  }
}
