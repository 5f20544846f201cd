import { types } from 'node:util'
import type { MessagePort, TransferListItem } from 'node:worker_threads'
import { type Cargo, depart, limit, stay } from './cargo.js'
import { pack } from './clone.js'
import { InvalidArgument } from './errors.js'
import { portTo } from './ports.js'

/** Most characters and bytes that travel in a message. */
const INLINE = 4096

/** In place of the number of values in a message: they were posted as one. */
export const LISTED = 0xff

/** What is moved with posted values instead of cloned. */
const NONE: readonly TransferListItem[] = []

/** Values that are ready for a message: none of them can be refused any more. */
export interface Prepared {
  /** Those that travel in it; undefined where they were posted. */
  inline: readonly unknown[] | undefined
  /** Whether those that were posted have to be unpacked. */
  packed: boolean
  cargo: Cargo | undefined
}

/**
 * Packs a value for the message to the domain at `to` that is begun next: between the two no code of the user's may run, as
 * it does here. A message has one such value, or list of values.
 *
 * @throws `InvalidArgument`, and then nothing has moved.
 */
export function prepare(value: unknown, to: number, cargo: Cargo, transfer = NONE): Prepared {
  if (transfer.length === 0 && sizeOf(value) <= INLINE) return { inline: [value], packed: false, cargo: undefined }
  return post(value, to, cargo, transfer)
}

/** As `prepare`, of a list: one by one where all of them are short, otherwise posted as one. */
export function prepareAll(values: readonly unknown[], to: number, cargo: Cargo, transfer = NONE): Prepared {
  if (transfer.length === 0 && values.length < LISTED) {
    let size = 0
    for (const value of values) size += sizeOf(value)
    if (size <= INLINE && !repeats(values)) return { inline: values, packed: false, cargo: undefined }
  }
  return post(values, to, cargo, transfer)
}

/** Whether an object is there twice: in a list that is posted it is one object on the other side as well. */
function repeats(values: readonly unknown[]): boolean {
  return values.some((value, at) => typeof value === 'object' && value !== null && values.indexOf(value) !== at)
}

/** About how much room a value takes in the message; infinite where it has to be posted. */
function sizeOf(value: unknown): number {
  switch (typeof value) {
    case 'undefined':
    case 'boolean':
    case 'number':
      return 1
    case 'string':
      // Lone surrogates only survive cloning.
      return value.length <= INLINE && value.isWellFormed() ? value.length : Number.POSITIVE_INFINITY
    case 'object':
      if (value === null) return 1
      // One without bytes may be detached, which posting it tells.
      if (types.isUint8Array(value) && !types.isSharedArrayBuffer(value.buffer))
        return value.byteLength || Number.POSITIVE_INFINITY
  }
  return Number.POSITIVE_INFINITY
}

/** Posts a value on the port of the domain that the message is for. */
function post(value: unknown, to: number, cargo: Cargo, transfer: readonly TransferListItem[]): Prepared {
  const packed = pack(value, cargo, cargo.what)
  limit(cargo)
  const port = portTo(to)
  if (port === undefined) throw new InvalidArgument(`${cargo.what} can't cross: the domain at place ${to} is gone`)
  postOn(port, packed.value, cargo, transfer)
  return { inline: undefined, packed: packed.marked, cargo }
}

/**
 * Posts what was packed, as that with which its cargo leaves next.
 *
 * @throws `InvalidArgument`, and then nothing has moved.
 */
export function postOn(port: MessagePort, packed: unknown, cargo: Cargo, transfer: readonly TransferListItem[]): void {
  depart(cargo)
  try {
    port.postMessage(packed, transfer)
  } catch (error) {
    stay()
    throw new InvalidArgument(`${cargo.what} can't cross to another domain: ${(error as Error).message}`, {
      cause: error,
    })
  }
}
