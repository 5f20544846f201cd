import { log } from './log.js'
import { Message } from './message.js'
import { releaseBytes } from './ring.js'

/** Kinds of messages between domains. */
export const JOIN = 1
export const LEAVE = 2
export const LEFT = 3
export const CALL = 4
export const CANCEL = 5
export const END = 6
export const FAILED = 7
export const TRANSFER = 8
export const TRANSFERRED = 9
export const PORT = 10
export const DIED = 11
export const TREE = 12
export const BRANCH = 13
export const TRACE = 14
export const INTERRUPT = 15
export const LOST = 16
export const BURIED = 17
export const GONE = 18
export const BEQUEST = 19
export const REVOKED = 20

const handlers: ((message: Message) => void)[] = []

/** Says what is done with messages of a kind. */
export function onMessage(kind: number, handle: (message: Message) => void): void {
  handlers[kind] = handle
}

/** A message has arrived at `offset` of the receive area. One that can't be handled does not keep the others waiting. */
export function received(length: number, offset: number, b: number): void {
  const message = new Message(b & 0xffff, offset, length, b >>> 16)
  try {
    const kind = message.byte()
    const handle = handlers[kind]
    if (handle === undefined) log(`a message of unknown kind ${kind} was dropped`)
    else handle(message)
  } catch (error) {
    log('a message could not be handled', error)
  } finally {
    releaseBytes()
  }
}
