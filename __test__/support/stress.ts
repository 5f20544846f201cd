import anyTest, { type ExecutionContext } from 'ava'
import { boundEnding } from './ending.js'

/** Whether a stress runs in full, as `.ci/run` has it: MIOU_STRESS is set. Otherwise a tenth of it. */
const full = process.env.MIOU_STRESS !== undefined

/** Milliseconds that one may take, on a busy machine. */
const LIMIT = 300_000

/** A stress of `count` rounds, or a tenth of them. */
export function stress(
  title: string,
  count: number,
  body: (t: ExecutionContext, count: number) => Promise<void>,
): void {
  boundEnding()
  anyTest.serial(title, async (t) => {
    t.timeout(LIMIT, 'it hangs')
    const start = performance.now()
    const rounds = full ? count : count / 10
    await body(t, rounds)
    t.log(`${rounds} in ${((performance.now() - start) / 1000).toFixed(1)} s`)
  })
}
