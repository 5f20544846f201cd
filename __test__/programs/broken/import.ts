import * as Miou from 'miou'
import { isMainThread } from 'node:worker_threads'

/* A module that can only be imported on the main thread. */

if (!isMainThread) throw new Error('this module does not like workers')

export const unreachable = Miou.portable(import.meta, function* unreachable() {})
