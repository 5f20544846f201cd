import anyTest from 'ava'

/** Milliseconds that a file's process may take to end once its cases are over, also on a machine that emulates another. */
const PATIENCE = 60_000

// What a case that failed has left running keeps its process alive, and ava may wait for that without end.
anyTest.after.always(() => {
  setTimeout(() => process.exit(1), PATIENCE).unref()
})
