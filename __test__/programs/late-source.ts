import * as Miou from 'miou'
import { isMainThread } from 'node:worker_threads'
import { arrived, syscalls } from './late-task.js'

/* A source whose module is loaded on another domain while a task waits there already. */

export const lateSource = Miou.portable(import.meta, function lateSource(): Miou.EventSource {
  return { select: () => syscalls.splice(0) }
})

if (!isMainThread) await arrived()
