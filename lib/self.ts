import { currentTask } from './operation.js'
import type { Task } from './task.js'

/** The current task. @throws `NotInTask` */
export function self(): Task<unknown> {
  return currentTask('self()')
}
