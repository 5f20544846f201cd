import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { transfersTwice } from './programs/resources.js'
import { test } from './support/case.js'
import { isError, rejects } from './support/refusal.js'
import { reaches, words } from './support/waiting.js'

test('the answer to a transfer that was cancelled does not end the next one', async (t) => {
  const shared = words(3)
  const body = function* (): Generator<Miou.Suspension, void> {
    const task = Miou.call(transfersTwice, [shared])
    yield* reaches(shared, 1)
    // Its first transfer comes to lie in this domain's inbox, and is answered behind the cancel.
    wait(5, () => false)
    const meddler = Miou.async(function* () {
      // The cancel is out. The answer to the first transfer leaves once the second one has begun,
      wait(1000, () => shared[2] === 1)
      yield* Unix.sleep(0)
      // and before this domain looks at its inbox again, nobody can have answered that.
      wait(50, () => shared[2] === 2)
      t.is(shared[2], 1)
    })
    yield* Miou.cancel(task)
    const result = yield* Miou.await(task)
    isError(t, result.ok || result.error, Miou.Cancelled)
    yield* meddler
    t.is(shared[2], 2)
  }
  // Both have arrived: main returns without having let go of them.
  await rejects(t, Miou.run(body, { domains: 1 }), Miou.ResourceLeaked)
  t.is(shared[0], 2)
})

/** Holds its domain up until something holds, for so many ms at the most. */
function wait(ms: number, holds: () => boolean): void {
  const end = performance.now() + ms
  while (performance.now() < end && !holds());
}
