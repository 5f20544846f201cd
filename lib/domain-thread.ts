import type { Domain } from './binding.js'
import { native } from './native.js'
import * as ring from './ring.js'
import { worldBytes } from './world.js'

let domain: Domain | undefined
let at = 0
let wake: () => void = () => {}

/** This thread's domain in Rust, begun where it is first needed. */
export function rust(): Domain {
  if (domain === undefined) {
    domain = new native.Domain(ring.ringBytes, worldBytes, () => wake())
    at = domain.place
    ring.onFull(() => rust().drain())
  }
  return domain
}

/** This thread's place in the world, which is also the word that says whether there is mail; 0 before it has one. */
export function place(): number {
  return at
}

/** Says what Node's loop is to call when the domain has something to do. */
export function onWake(callback: () => void): void {
  wake = callback
}
