import type { ExecutionContext } from 'ava'
import fc from 'fast-check'

/** The environment variable MIOU_PROPERTY_SEED runs again what was random before, MIOU_PROPERTY_RUNS says how much of it. */
const SEED = process.env.MIOU_PROPERTY_SEED === undefined ? Date.now() | 0 : Number(process.env.MIOU_PROPERTY_SEED)
const SHARE = Number(process.env.MIOU_PROPERTY_RUNS ?? 100) / 100

/**
 * Checks a property, whose body throws where it does not hold; says the seed, and the values where it fails. Runs on several
 * domains do not repeat exactly, so nothing is made smaller: what is smaller would pass, and tell nothing.
 */
export async function check<Ts>(
  t: ExecutionContext,
  runs: number,
  property: fc.IAsyncProperty<Ts>,
  offset = 0,
): Promise<void> {
  t.timeout(200_000)
  const numRuns = Math.ceil(runs * SHARE)
  const details = await fc.check(property, { seed: SEED + offset, numRuns, endOnFailure: true })
  t.log(`MIOU_PROPERTY_SEED=${SEED}`)
  if (details.failed) t.log(JSON.stringify(details.counterexample))
  t.false(details.failed, `MIOU_PROPERTY_SEED=${SEED}: ${String(details.errorInstance)}`)
}
