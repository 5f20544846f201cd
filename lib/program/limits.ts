import * as Miou from '../index.js'
import * as Unix from '../unix.js'

/** What a server allows. Times are milliseconds; Infinity is no limit. */
export interface Limits {
  /** Connections at a time on all domains together: more wait to be accepted. */
  connections: number
  /** How long a connection may be silent. */
  idle: number
  /** How long a connection may last. */
  total: number
  /** How long those that are there may go on once the server stops. */
  drain: number
  /** Whether each connection begins with a header of the PROXY protocol. */
  proxy: boolean
}

/** When something happened on a connection last, in milliseconds of `performance.now()`. */
export interface Activity {
  at: number
}

/**
 * Runs a body as a child, and cancels it once nothing has happened for `ms` milliseconds. Nothing is set or cleared for
 * what happens: a watch that wakes up looks when that was last, and sleeps for the rest.
 *
 * @throws `TimeoutError`; what the body throws.
 */
export function* whileActive<T>(activity: Activity, ms: number, body: Miou.Body<T>): Generator<Miou.Suspension, T> {
  activity.at = performance.now()
  const work = Miou.async(body)
  const watch = Miou.async(function* () {
    for (let left = ms; left > 0; left = activity.at + ms - performance.now()) yield* Unix.sleep(left)
  })
  yield* Miou.awaitFirst([work, watch])
  const result = yield* Miou.await(work)
  if (result.ok) return result.value
  if (result.error instanceof Miou.Cancelled) throw new Miou.TimeoutError(`nothing happened for ${ms} ms`)
  throw result.error
}
