import type { ExecutionContext } from 'ava'
import type * as Miou from 'miou'

/** Milliseconds in which what happens at once has happened, on the slowest of machines. What it is told from takes longer. */
export const AT_ONCE = 30_000

/** How often something is tried that a busy machine may hold up. */
const ATTEMPTS = 20

/** Checks that something takes less than `ms` milliseconds, in one of twenty attempts at least. */
export function* promptly(
  t: ExecutionContext,
  ms: number,
  attempt: () => Miou.Operation<unknown>,
): Generator<Miou.Suspension, void> {
  const took: number[] = []
  do {
    const start = performance.now()
    yield* attempt()
    took.push(performance.now() - start)
  } while (took.at(-1)! >= ms && took.length < ATTEMPTS)
  t.true(took.at(-1)! < ms, `not one of them in ${ms} ms: ${took.map(Math.round)}`)
}
