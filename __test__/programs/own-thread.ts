import { workerData } from 'node:worker_threads'
import * as Miou from 'miou'

/*
 * A thread of the user's own, which runs no tasks: says in word 0 that it is about to lock, in word 1 that it has locked, and
 * unlocks when word 0 is 2.
 */

const words = workerData as Int32Array
const m = Miou.Mutex.create('__test__ lockSync')
Atomics.store(words, 0, 1)
Miou.Mutex.lockSync(m)
Atomics.store(words, 1, 1)
while (Atomics.load(words, 0) !== 2) Atomics.wait(words, 0, 1, 50)
Miou.Mutex.unlock(m)
