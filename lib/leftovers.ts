import type { RunRecord } from './run-record.js'

/** Descriptors that were still open at the end of their run. */
export interface Leftovers {
  count: number
  /** Where they were made, with MIOU_DEBUG. */
  sites: string[]
}

let close: (run: RunRecord) => Leftovers = () => ({ count: 0, sites: [] })

/** Says how the descriptors of a run are closed: sockets are another room's business. */
export function onLeftovers(closeAll: (run: RunRecord) => Leftovers): void {
  close = closeAll
}

/** Closes what a run has left open on this domain. */
export function closeLeftovers(run: RunRecord): Leftovers {
  return close(run)
}
