import { workerData } from 'node:worker_threads'
import * as Miou from 'miou'

/*
 * A thread of the user's own, which runs no tasks: says in word 0 that it is about to wait, waits until word 1 is 1, and says so
 * in word 2.
 */

const words = workerData as Int32Array
const m = Miou.Mutex.create('__test__ waitSync')
const c = Miou.Condition.create('__test__ waitSync')
Miou.Mutex.lockSync(m)
Atomics.store(words, 0, 1)
while (Atomics.load(words, 1) === 0) Miou.Condition.waitSync(c, m)
Atomics.store(words, 2, 1)
Miou.Condition.broadcast(c)
Miou.Mutex.unlock(m)
