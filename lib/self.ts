import { currentTask } from './operation.js'
import type { Task } from './task.js'

/**
 * The current task.
 *
 * @throws `NotInTask`.
 * @example
 * console.log(`task ${Miou.self().id} on domain ${Miou.Domain.self()}`)
 */
export function self(): Task<unknown> {
  return currentTask('self()')
}
