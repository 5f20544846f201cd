import * as Miou from 'miou'
import { holdUntilTold, spin } from './programs/granting.js'
import { test } from './support/case.js'
import { words } from './support/waiting.js'

test('a lock that was granted in the very moment in which its task is cancelled passes on', async (t) => {
  await Miou.run(
    function* () {
      const m = Miou.Mutex.create()
      for (let round = 0; round < 5; round++) {
        const shared = words(3)
        const holder = Miou.call(holdUntilTold, [m, shared])
        while (Atomics.load(shared, 0) === 0) yield* Miou.yield()
        const waiter = Miou.async(() => Miou.Mutex.lock(m))
        // It asks for the lock while the other domain holds it; nothing has crossed into the core when this task runs on.
        yield* Miou.yield()
        Atomics.store(shared, 1, 1)
        spin(shared, 2)
        yield* Miou.cancel(waiter)
        yield* holder
        t.true(Miou.Mutex.tryLock(m), 'the lock is lost')
        Miou.Mutex.unlock(m)
      }
    },
    { domains: 1 },
  )
})
