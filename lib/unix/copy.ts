import { lend } from '../lent.js'
import { receiveArea, sendArea } from '../ring.js'
import type { TaskRecord } from '../task.js'
import type { FileDescr } from './descriptor.js'

/*
 * Copies between a user's buffer and the ring. A call of `set` costs 50 ns and allocates, however short the copy; a loop
 * over bytes costs 1.6 to 5 ns a byte, one over 32-bit words through a `DataView` 0.6 ns (Node 20 and 26; 64 bytes: 50,
 * 105 to 330, and 36 to 46 ns). So what is short goes by words, through a view that the descriptor keeps for as long as
 * it is used with the same buffer. Sizes are asked for by `length`: `byteLength` is not inlined on Node 20 (15 ns each).
 */

/** Up to this length a copy goes by words. */
const SHORT = 128
/** Copies by bytes before a view is made: it costs as much as three, and most connections of some servers are short. */
const OFTEN = 3

const sending = new DataView(sendArea.buffer, sendArea.byteOffset, sendArea.byteLength)
const receiving = new DataView(receiveArea.buffer, receiveArea.byteOffset, receiveArea.byteLength)

/** The view that was lent last, its place and its length: as a rule it is written on at once. */
let lately: Uint8Array | null = null
let latelyAt = 0
let latelyLength = 0

/** Lends bytes of the receive area to a task, see lent.ts. */
export function lendBytes(task: TaskRecord, at: number, length: number): Uint8Array {
  lend(task)
  latelyAt = at
  latelyLength = length
  lately = new Uint8Array(receiveArea.buffer, receiveArea.byteOffset + at, length)
  return lately
}

/** A buffer that a descriptor is used with. */
export class Familiar {
  buffer: Uint8Array | null = null
  /** How often. */
  uses = 0
  view: DataView | null = null
  /** How long that view is. */
  viewed = 0
}

/**
 * The view of `buf`, where the descriptor was used with it often enough; otherwise it is remembered. None of memory that
 * can be resized, since a view that no longer fits throws.
 */
function viewOf(fd: FileDescr, buf: Uint8Array): DataView | null {
  fd.familiar ??= new Familiar()
  const { familiar } = fd
  if (familiar.buffer !== buf) {
    familiar.buffer = buf
    familiar.uses = 0
    familiar.view = null
  }
  const { view } = familiar
  if (view !== null && familiar.viewed === buf.length) return view
  if (familiar.uses < OFTEN) {
    familiar.uses++
    return null
  }
  const memory = buf.buffer as { resizable?: boolean }
  // Its own `length` is what anybody may say it is.
  if (memory.resizable || buf.byteLength !== buf.length) return null
  familiar.viewed = buf.length
  familiar.view = new DataView(buf.buffer, buf.byteOffset, familiar.viewed)
  return familiar.view
}

/** Copies `length` bytes from `at` of the receive area to `off` of the user's buffer. */
export function receive(fd: FileDescr, buf: Uint8Array, off: number, at: number, length: number): void {
  if (length > SHORT) {
    receiveArea.copy(buf, off, at, at + length)
    return
  }
  const view = viewOf(fd, buf)
  if (view !== null) words(receiving, at, view, off, length)
  else bytes(receiveArea, at, buf, off, length)
}

/** Copies `length` bytes from `off` of the user's buffer to `at` of the send area. */
export function send(fd: FileDescr, buf: Uint8Array, off: number, at: number, length: number): void {
  // A buffer of which nothing is taken may be detached by now.
  if (length === 0) return
  if (buf === lately && off + length <= latelyLength) {
    if (length <= SHORT) words(receiving, latelyAt + off, sending, at, length)
    else receiveArea.copy(sendArea, at, latelyAt + off, latelyAt + off + length)
    return
  }
  if (length > SHORT) {
    // A buffer that is shorter than it says sends nothing of what others have sent before.
    const there = Math.max(0, Math.min(length, buf.byteLength - off))
    copy.call(buf, sendArea, at, off, off + there)
    if (there < length) sendArea.fill(0, at + there, at + length)
    return
  }
  const view = viewOf(fd, buf)
  if (view !== null) words(view, off, sending, at, length)
  else bytes(buf, off, sendArea, at, length)
}

const { copy } = Buffer.prototype as {
  copy(this: Uint8Array, to: Uint8Array, at: number, from: number, end: number): void
}

function bytes(from: Uint8Array, off: number, to: Uint8Array, at: number, length: number): void {
  for (let i = 0; i < length; i++) to[at + i] = from[off + i]!
}

function words(from: DataView, off: number, to: DataView, at: number, length: number): void {
  const whole = length & ~3
  for (let i = 0; i < whole; i += 4) to.setInt32(at + i, from.getInt32(off + i, true), true)
  for (let i = whole; i < length; i++) to.setUint8(at + i, from.getUint8(off + i))
}
