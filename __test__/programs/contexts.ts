import { AsyncLocalStorage } from 'node:async_hooks'
import * as Miou from 'miou'

/* Async contexts on another domain. */

const { meta } = { meta: import.meta }

const store = new AsyncLocalStorage<string>()

/** Has the scheduler of this domain be given work from within a context of its own, again and again. */
export const worksWithin = Miou.portable(meta, function* worksWithin(times: number) {
  yield* store.run('within', () =>
    Miou.async(function* () {
      for (let i = 0; i < times; i++) {
        const syscall = Miou.syscall()
        yield* Miou.suspend(syscall, () => setTimeout(() => Miou.signal(syscall), 0))
      }
    }),
  )
})

/** What is in the store of a called task, and in that of its child. */
export const storesHere = Miou.portable(meta, function* storesHere() {
  const seen = [store.getStore()]
  yield* Miou.yield()
  seen.push(store.getStore())
  seen.push(
    yield* Miou.async(function* () {
      return store.getStore()
    }),
  )
  return seen
})
