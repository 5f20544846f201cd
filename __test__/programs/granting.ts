import * as Miou from 'miou'

/** Waits for a word without an operation, so that nothing else of this domain happens meanwhile. */
export function spin(shared: Int32Array, at: number): void {
  while (Atomics.load(shared, at) === 0);
}

/** Holds the mutex until word 1 is set, and says in the words 0 and 2 that it has it, and has it no more. */
export const holdUntilTold = Miou.portable(import.meta, function* holdUntilTold(m: Miou.Mutex, shared: Int32Array) {
  yield* Miou.Mutex.lock(m)
  Atomics.store(shared, 0, 1)
  spin(shared, 1)
  Miou.Mutex.unlock(m)
  Atomics.store(shared, 2, 1)
})
