import type { RunRecord } from './run-record.js'

/** Descriptors that were still open at the end of their run. */
export interface Leftovers {
  count: number
  /** Where they were made, with MIOU_DEBUG. */
  sites: string[]
}

const closers: ((run: RunRecord) => Leftovers)[] = []

/** Says how the descriptors of a run are closed: `lib/unix` does for sockets, on which nothing here depends, and queues do. */
export function onLeftovers(close: (run: RunRecord) => Leftovers): void {
  closers.push(close)
}

/** Closes what a run has left open on this domain. */
export function closeLeftovers(run: RunRecord): Leftovers {
  const closed = closers.map((close) => close(run))
  return { count: closed.reduce((sum, { count }) => sum + count, 0), sites: closed.flatMap(({ sites }) => sites) }
}
