import { extra } from '../extra.js'
import { currentTask } from '../operation.js'
import { isCancelled } from '../task.js'

/**
 * The signal of the current task, for everything of Node's world that takes one: it is aborted when the task is cancelled,
 * with its `Cancelled` as the reason; at the end of a shield, where the task is in one. Each call gives the same signal.
 *
 * @throws `NotInTask`.
 * @example
 * const child = spawn('sleep', ['60'], { signal: abortSignal() })
 */
export function abortSignal(): AbortSignal {
  const task = currentTask('abortSignal()')
  const more = extra(task)
  if (more.controller === undefined) {
    more.controller = new AbortController()
    if (isCancelled(task)) more.controller.abort(task.cancelled)
  }
  return more.controller.signal
}
