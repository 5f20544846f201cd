import anyTest from 'ava'

/** Milliseconds that a file's process may take to end once its cases are over, also on a machine that emulates another. */
const PATIENCE = 60_000
let bounded = false

/** Has the process of a file end: what a failed case has left running keeps it alive, and ava may wait for that for ever. */
export function boundEnding(): void {
  if (bounded) return
  bounded = true
  anyTest.after.always(() => {
    setTimeout(() => process.exit(1), PATIENCE).unref()
  })
}
