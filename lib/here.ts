import type { Op } from './operation.js'
import type { TaskRecord } from './task.js'

/**
 * What this thread is doing right now. One plain object, since its fields are read and written at every step.
 */
export const here = {
  /** The task whose code runs; null between tasks. */
  current: null as TaskRecord | null,
  /** Operations that the running slice may still complete before it has to let others run. */
  budget: 0,
  /** The operation that the running slice ends with: whoever asks that for its next step in the same slice is no `yield*`. */
  last: null as Op<unknown> | null,
  /** How many tasks hold a view of the receive area, see lent.ts. */
  lent: 0,
}

/** Calls code of the user's that is no part of the task which runs. */
export function outside(call: () => void): void {
  const { current } = here
  here.current = null
  try {
    call()
  } finally {
    here.current = current
  }
}
