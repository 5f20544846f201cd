// Time, for loops of a few nanoseconds a step.

/**
 * Starts now; the function says how many nanoseconds have gone by.
 * @returns {() => number}
 * @example
 * const elapsed = stopwatch()
 * for (let i = 0; i < count; i++) work()
 * return elapsed()
 */
export function stopwatch() {
  const start = process.hrtime.bigint()
  return () => Number(process.hrtime.bigint() - start)
}
