import anyTest, { type ExecutionContext } from 'ava'
import { boundEnding } from './ending.js'

// What a test starts runs on what the test itself was started as: an emulator with Node below it, for example.
process.execPath = process.env.MIOU_TEST_NODE ?? process.execPath

/** How many times longer than usual things may take here: under an emulator, for example. */
export const slower = Number(process.env.MIOU_TEST_SLOWER ?? 1)

/** Milliseconds that a case may take: most regressions show up as a hang. */
const LIMIT = 110_000 * slower

/** A test case, one after the other within a file, with a limit (`MIOU_TEST_SLOWER=10`: ten times as long). */
export function test(title: string, body: (t: ExecutionContext) => Promise<void> | void): void {
  boundEnding()
  anyTest.serial(title, async (t) => {
    t.timeout(LIMIT, 'it hangs')
    await body(t)
  })
}

/** Runs after every case of a file, also after one that failed. */
export function afterEach(tidy: () => void): void {
  anyTest.afterEach.always(tidy)
}
