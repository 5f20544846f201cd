import { types } from 'node:util'
import { onDiscard, onHolds } from '../discard.js'
import { type Leftovers, onLeftovers } from '../leftovers.js'
import { isTransparent } from '../plain.js'
import type { RunRecord } from '../run-record.js'
import { siteOf } from '../site.js'
import { FileDescr, finalise, open, shut } from './descriptor.js'

/*
 * Descriptors that nobody will close: those in a result that nobody reads, and those that are open when their run ends.
 */

/** The descriptors in a value. Looks into arrays, maps, sets and plain objects, not through proxies: these are code of the user's. */
function* descriptorsIn(value: object): Generator<FileDescr> {
  const seen = new Set<object>()
  const rest: object[] = [value]
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    if (types.isProxy(next) || seen.has(next)) continue
    seen.add(next)
    if (next instanceof FileDescr) yield next
    if (types.isMap(next)) for (const entry of Map.prototype.entries.call(next)) rest.push(...entry.filter(isObject))
    else if (types.isSet(next)) rest.push(...[...Set.prototype.values.call(next)].filter(isObject))
    if (!isTransparent(next)) continue
    for (const key of Object.keys(next)) {
      // Getters are code of the user's, which has no place here.
      const part: unknown = Object.getOwnPropertyDescriptor(next, key)?.value
      if (isObject(part)) rest.push(part)
    }
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** Closes every descriptor in a value that no living task owns. */
function closeIn(value: object): void {
  for (const fd of descriptorsIn(value)) if (fd.resource === null || fd.resource.owner === null) finalise(fd)
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
function closeLeftovers(run: RunRecord): Leftovers {
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
