import anyTest, { type ExecutionContext } from 'ava'

/** Milliseconds that a case may take: most regressions show up as a hang. */
const LIMIT = 30_000

/** A test case, one after the other within a file, with a limit. */
export function test(title: string, body: (t: ExecutionContext) => Promise<void> | void): void {
  anyTest.serial(title, async (t) => {
    t.timeout(LIMIT, 'it hangs')
    await body(t)
  })
}

/** Runs after every case of a file, also after one that failed. */
export function afterEach(tidy: () => void): void {
  anyTest.afterEach.always(tidy)
}
