import * as Miou from 'miou'
import { type Steps, turns } from './noted.js'

/** What the lazy value of a random tree is. */
export const FORCED = 42

/** Computes it, on whichever domain forces it first. */
export const compute = Miou.portable(import.meta, function* compute(): Steps<number> {
  yield* turns(2)
  return FORCED
})
