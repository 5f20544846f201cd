import { Buffer } from 'node:buffer'

/*
 * The memory that this thread shares with Rust, laid out as crates/core/src/ring.rs says. Touched by this thread only.
 */

const HEADER_WORDS = 16
/** Submissions that fit between two turns. */
const SUBMISSIONS = 128
const COMPLETIONS = 1024
const SUBMISSION_AT = HEADER_WORDS
const COMPLETION_AT = SUBMISSION_AT + SUBMISSIONS * 8
const SEND_BYTES = 1 << 20
const SEND_AT = (COMPLETION_AT + COMPLETIONS * 4) * 4
const RECEIVE_AT = SEND_AT + SEND_BYTES
const RECEIVE_BYTES = 1 << 20

/** What of WebAssembly is used here: its types come with those of browsers. */
declare const WebAssembly: {
  Memory: new (pages: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer }
}

/** Bytes of a page of WebAssembly's memory. */
const WASM_PAGE = 64 << 10

/**
 * Memory that nothing can detach or move, since Rust keeps its address: that of WebAssembly, from and to which Node 20
 * copies three times as fast as with shared memory (16 KiB: 0.5 us instead of 1.6). A process may lack WebAssembly, or the
 * addresses that it sets aside; then it is shared memory, which no other thread gets.
 */
function fixed(bytes: number): ArrayBuffer | SharedArrayBuffer {
  const pages = Math.ceil(bytes / WASM_PAGE)
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages }).buffer
  } catch {
    return new SharedArrayBuffer(bytes)
  }
}

/** Most bytes that one operation reads or writes at a time. */
export const PIECE = 64 << 10

/** Most bytes that an encoded address takes, as crates/core/src/address.rs says. */
export const ADDRESS = 128

/** Words of the header. */
export const SUBMITTED = 0
export const COMPLETED = 1
export const HELD = 2
export const IDLE = 3
export const ASLEEP = 4
export const GENERATION = 5
export const CALLS = 6
export const LOOK = 7
export const EXHAUSTED = 8
export const FORM = 9
const NUMBER = 10
export const OFFSET = 12
export const LENGTH = 13
export const CARGO = 14
export const OBJECT = 15

/** Operation codes. */
const NOTHING = 0
export const READ = 1
export const WRITE = 2
export const ACCEPT = 3
export const CONNECT = 4
export const RECVFROM = 5
export const SENDTO = 6
export const LOCK = 7
export const WAIT = 8
export const SEND = 9
export const AWAIT = 10

/** Token of a completion that is a message from another domain. */
export const MESSAGE = -1
/** Token of a submission that has no completion, and of a completion that was taken out of the ring unseen. */
export const NOBODY = -2
/** Result of an operation whose descriptor was closed. */
export const CLOSED = -0x80000000

const memory = fixed(RECEIVE_AT + RECEIVE_BYTES)

/** The whole of it, to hand to Rust. */
export const ringBytes = new Uint8Array(memory, 0, RECEIVE_AT + RECEIVE_BYTES)
/** Header, submissions and completions. */
export const words = new Int32Array(memory, 0, SEND_AT / 4)
/** The number in the header. */
export const number = new Float64Array(memory, NUMBER * 4, 1)
/** Snapshots of what is to be written. A Buffer, which encodes text in place. */
export const sendArea = Buffer.from(memory, SEND_AT, SEND_BYTES)
/** What was read, until its reader has taken it. */
export const receiveArea = Buffer.from(memory, RECEIVE_AT, RECEIVE_BYTES)

/** First free byte of the send area. */
let sent = 0

let drain: () => void = () => {}

/** Says what drains the submissions where they have filled the ring: a slice may end many waits, each with a message. */
export function onFull(callback: () => void): void {
  drain = callback
}

/** Whether another slice may submit: there is room for one more submission with a full piece and an address. */
export function hasRoom(): boolean {
  return words[SUBMITTED] < SUBMISSIONS - 1 && sent + PIECE + ADDRESS <= SEND_BYTES
}

/**
 * Makes room for a submission and for `length` bytes of the send area, at most `PIECE + ADDRESS`. The last place stays free:
 * a slice that has sent many messages may end with an operation, which does not ask.
 */
export function makeRoom(length: number): void {
  if (words[SUBMITTED] < SUBMISSIONS - 1 && sent + length <= SEND_BYTES) return
  drain()
  drained()
}

/** Reserves `length` bytes of the send area for the submission that comes next; their offset. */
export function reserve(length: number): number {
  makeRoom(length)
  const offset = sent
  sent = (sent + length + 3) & ~3
  return offset
}

/** Rust has drained the submissions and copied what it keeps. */
export function drained(): void {
  sent = 0
}

/** Writes a submission. */
export function submit(code: number, token: number, a: number, b: number, c: number, d: number, e: number): void {
  const count = words[SUBMITTED]
  const at = SUBMISSION_AT + count * 8
  words[at] = code
  words[at + 1] = token
  words[at + 2] = a
  words[at + 3] = b
  words[at + 4] = c
  words[at + 5] = d
  words[at + 6] = e
  words[SUBMITTED] = count + 1
}

/** Takes back the submission of an operation that nothing has drained yet; whether it was still there. */
export function retract(token: number): boolean {
  for (let i = words[SUBMITTED] - 1; i >= 0; i--) {
    const at = SUBMISSION_AT + i * 8
    if (words[at + 1] !== token) continue
    words[at] = NOTHING
    return true
  }
  return false
}

/** First word of completion number `index`: token, result, and two more. */
export function completionAt(index: number): number {
  return COMPLETION_AT + index * 4
}

/** The reader of bytes in the receive area has taken them. */
export function releaseBytes(): void {
  words[HELD]--
}
