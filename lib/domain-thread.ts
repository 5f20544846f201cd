import { native } from './native.js'
import * as ring from './ring.js'
import { worldBytes } from './world.js'

let at = 0
let wake: () => void = () => {}

/** The Rust core, with the domain of this thread begun: whoever needs that asks for the core here. */
export function rust(): typeof native {
  if (at === 0) {
    at = native.begin(ring.ringBytes, worldBytes, () => wake())
    ring.onFull(native.drain)
  }
  return native
}

/** This thread's place in the world, which is also the word that says whether there is mail; 0 before it has one. */
export function place(): number {
  return at
}

/** Says what Node's loop is to call when the domain has something to do. */
export function onWake(callback: () => void): void {
  wake = callback
}
