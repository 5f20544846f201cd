// Medians and spreads: rounds on a shared machine have outliers, which a mean would keep.

/**
 * Median, smallest and largest of some numbers; undefined where there are none.
 * @param {readonly number[]} values
 * @returns {{ median: number, min: number, max: number, count: number } | undefined}
 * @example spread([3, 1, 2]) // { median: 2, min: 1, max: 3, count: 3 }
 */
export function spread(values) {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b)
  if (sorted.length === 0) return undefined
  const middle = sorted.length >> 1
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  return { median, min: sorted[0], max: sorted[sorted.length - 1], count: sorted.length }
}

/**
 * One field of the samples of one peer in one scenario, by round.
 * @param {readonly object[]} samples
 * @returns {Map<number, number>}
 */
function byRound(samples, peer, scenario, field) {
  const chosen = samples.filter((sample) => sample.peer === peer && sample.scenario === scenario)
  return new Map(chosen.map((sample) => [sample.round, field(sample)]))
}

/** The spread of a field over the rounds. */
export function figure(samples, peer, scenario, field) {
  return spread([...byRound(samples, peer, scenario, field).values()])
}

/**
 * The spread of a peer's ratio to another in the same rounds: what drifts from round to round (the machine's speed, its
 * neighbours) falls out of it.
 */
export function ratio(samples, peer, to, scenario, field) {
  const base = byRound(samples, to, scenario, field)
  const own = byRound(samples, peer, scenario, field)
  return spread([...own].filter(([round]) => base.has(round)).map(([round, value]) => value / base.get(round)))
}
