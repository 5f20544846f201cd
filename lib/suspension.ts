/** What an operation yields to the scheduler. There is one such value, and only operations of this package yield it. */
export interface Suspension {
  readonly kind: 'miou.suspension'
}

/** The one suspension. */
export const SUSPENSION: Suspension = Object.freeze({ kind: 'miou.suspension' })
/** The one answer of an operation that waits. */
export const SUSPENDED: IteratorResult<Suspension, never> = Object.freeze({ done: false, value: SUSPENSION })

/**
 * The one answer of an operation that is over: `yield*` reads it at once. Were there one for each operation, those that are
 * used again would keep the last value of each alive.
 */
export const ANSWER: { done: true; value: unknown } = { done: true, value: undefined }

/** Nobody uses the operation: it may be made anew. */
export const IDLE = 0
/** Made, and its iterator was asked for. */
export const MADE = 1
/** The budget of the slice was spent: it takes effect when the task runs next. */
export const SWITCHING = 2
/** It waits, or is over and its task has not run since. */
export const WAITING = 3
/** Its task was cancelled while it waited. */
export const ABORTED = 4
/** Its task was cancelled before it took effect: it never waited. */
export const PREVENTED = 5
