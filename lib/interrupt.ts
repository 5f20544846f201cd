import { cargoOf } from './cargo.js'
import { place } from './domain-thread.js'
import { INTERRUPT, onMessage } from './mail.js'
import { begin, onSend, put, send } from './message.js'
import { prepare } from './prepared.js'

/*
 * A domain whose event source blocks its thread does not see its inbox. So a source may bring one shared word: whoever has
 * work for its domain stores 1 there and notifies, after the work is in the inbox.
 */

/** The words of other domains, by place. */
const others = new Map<number, Int32Array>()

/** Tells other domains of a run, at `places`, which word wakes the source of this one. */
export function shareInterrupt(word: Int32Array, places: readonly number[]): void {
  for (const to of places) {
    if (to === place()) continue
    const prepared = prepare(word, to, cargoOf('the interrupt of an event source'))
    begin(INTERRUPT)
    put(prepared)
    send(to)
  }
}

onMessage(INTERRUPT, (message) => {
  others.set(message.from, message.value() as Int32Array)
})

/** The domain at place `at` is gone. */
export function forgetInterrupt(at: number): void {
  others.delete(at)
}

/** Those that a message is on its way to, which the next turn posts. */
const pending = new Set<number>()

/** A message to the domain at place `at` was submitted. */
function interruptLater(at: number): void {
  if (others.has(at)) pending.add(at)
}

/** The messages that were submitted are posted. */
export function interruptPending(): void {
  if (pending.size === 0) return
  for (const at of pending) interrupt(others.get(at))
  pending.clear()
}

/** Rust has just handed something on, to a domain that is known there alone. */
export function interruptAll(): void {
  for (const word of others.values()) interrupt(word)
}

function interrupt(word: Int32Array | undefined): void {
  if (word === undefined) return
  Atomics.store(word, 0, 1)
  Atomics.notify(word, 0)
}

onSend(interruptLater)
