import { statSync } from 'node:fs'
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads'
import { version } from './version.js'

/*
 * Two copies of the package in one process are two worlds, which know nothing of each other. What all copies share, of this
 * version or of another, is this file's keys: they say no more than which copies there are.
 */

/** Where this copy lies: what tells it from others. */
export const copy = new URL('..', import.meta.url).href.replace(/[?#].*$/, '')

/** Two shared words: which copy was the first, and whether somebody has said that there are two. */
const FIRST = 0
const SAID = 1
const KEY = 'miou.copies.1'

/** On this thread: which copy has loaded a binary, by the file that it is in, whatever its name. */
const loaded = Symbol.for('miou.binaries.1')

/** A number that stands for a copy; never 0. */
function numberOf(text: string): number {
  let hash = 5381
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 33) ^ text.charCodeAt(i)) | 0
  return hash === 0 ? 1 : hash
}

/** Says once in a process, as far as its threads know of each other, that there are two copies. */
export function announceCopy(): void {
  const inherited = getEnvironmentData(KEY)
  const shared = inherited instanceof SharedArrayBuffer ? inherited : new SharedArrayBuffer(8)
  if (shared !== inherited) setEnvironmentData(KEY, shared)
  const words = new Int32Array(shared)
  const first = Atomics.compareExchange(words, FIRST, 0, numberOf(copy))
  if (first === 0 || first === numberOf(copy) || Atomics.exchange(words, SAID, 1) === 1) return
  process.emitWarning(
    `this process has two copies of miou; one is ${copy} (${version()}). They do not know each other: tasks, domains and ` +
      'handles of the one are of no use to the other. npm ls miou says where they come from.',
    { code: 'MIOU_TWO_COPIES' },
  )
}

/**
 * Reserves a binary on this thread. A file that two copies have in common (a store of packages links it into both) is in
 * memory once, and a thread has one domain in it: the second copy is refused there.
 *
 * @throws `Error` where another copy has it.
 */
export function reserveBinary(path: string): void {
  const holders = ((globalThis as { [loaded]?: Map<string, string> })[loaded] ??= new Map())
  const { dev, ino } = statSync(path)
  const file = `${dev}:${ino}`
  const holder = holders.get(file)
  if (holder !== undefined && holder !== copy) {
    throw new Error(`${holder} has loaded the same file on this thread: have one copy of miou (npm ls miou)`)
  }
  holders.set(file, copy)
}
