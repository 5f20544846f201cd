import * as Miou from 'miou'
import { isMainThread } from 'node:worker_threads'

/* A module that registers its function on the main thread only. */

function* absent(): Generator<never, void> {}

export const registered = isMainThread ? Miou.portable(import.meta, absent) : absent
