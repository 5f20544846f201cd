import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads'
import { announceCopy, copy } from './copies.js'

/*
 * The words that all domains of the process share: one a domain, where the others say that there is mail, and one a
 * synchronisation object. A thread finds them through the environment data that it inherits from the thread that
 * started it; another copy of the package has words of its own. They live as long as the thread that made them, which
 * outlives every thread below it.
 */

const KEY = `miou.world.1 ${copy}`
const WORDS = 1 << 22

announceCopy()
const inherited = getEnvironmentData(KEY)
const shared = inherited instanceof SharedArrayBuffer ? inherited : new SharedArrayBuffer(WORDS * 4)
if (shared !== inherited) setEnvironmentData(KEY, shared)

/** The words, for `Atomics`. */
export const world = new Int32Array(shared)
/** The same memory, to hand to Rust. */
export const worldBytes = new Uint8Array(shared)
