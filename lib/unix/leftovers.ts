import { onDiscard, onHolds } from '../discard.js'
import { type Leftovers, onLeftovers } from '../leftovers.js'
import type { RunRecord } from '../run-record.js'
import { siteOf } from '../site.js'
import { FileDescr, finalise, open, shut } from './descriptor.js'

/*
 * Descriptors that nobody will close: those in a result that nobody reads, and those that are open when their run ends.
 */

/** The descriptors in a value. Looks into arrays and plain objects. */
function* descriptorsIn(value: object): Generator<FileDescr> {
  const seen = new Set<object>()
  const rest: object[] = [value]
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    if (next instanceof FileDescr) yield next
    if (seen.has(next) || !transparent(next)) continue
    seen.add(next)
    for (const key of Object.keys(next)) {
      // Getters are code of the user's, which has no place here.
      const part: unknown = Object.getOwnPropertyDescriptor(next, key)?.value
      if (typeof part === 'object' && part !== null) rest.push(part)
    }
  }
}

/** Closes every descriptor in a value that no living task owns. */
export function closeIn(value: object): void {
  for (const fd of descriptorsIn(value)) if (fd.resource === null || fd.resource.owner === null) finalise(fd)
}

/** Whether a value is an array or a plain object. */
function transparent(value: object): boolean {
  if (Array.isArray(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** What else ends with a run: streams that have taken descriptors over. */
const ending = new Map<RunRecord, Set<() => void>>()

/** Has `end` called at the end of a run, unless what this returns is called before. */
export function endWithRun(run: RunRecord | null, end: () => void): () => void {
  if (run === null) return () => {}
  let ends = ending.get(run)
  if (ends === undefined) {
    ends = new Set()
    ending.set(run, ends)
  }
  ends.add(end)
  return () => ends.delete(end)
}

/** Closes the descriptors of a run that are open on this domain. */
export function closeLeftovers(run: RunRecord): Leftovers {
  for (const end of ending.get(run) ?? []) end()
  ending.delete(run)
  let count = 0
  const sites: string[] = []
  for (const fd of open()) {
    if (fd.run !== run) continue
    count++
    const site = siteOf(fd)
    if (site !== undefined) sites.push(site)
    shut(fd)
  }
  return { count, sites }
}

onDiscard((value) => closeIn(value as object))
onHolds((value) => !descriptorsIn(value).next().done)
onLeftovers(closeLeftovers)
