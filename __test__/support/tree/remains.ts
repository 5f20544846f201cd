import { isDeepStrictEqual } from 'node:util'
import * as Miou from 'miou'
import { rust } from '../../../dist/domain-thread.js'
import { here } from '../../../dist/here.js'
import { waitingInRust } from '../../../dist/io.js'
import { runs } from '../../../dist/remote.js'
import { HELD, words } from '../../../dist/ring.js'
import { nextDeadline } from '../../../dist/timers.js'
import { open } from '../../../dist/unix/descriptor.js'
import type { Steps } from './noted.js'

/** What a domain has. */
interface Remains {
  waits: number
  timer: number
  descriptors: number
  handles: number
  heldInReceiveArea: number
  lentViews: number
  runs: number
}

/** What this domain has left of runs that are over. */
const counted = Miou.portable(import.meta, function* counted(): Steps<Remains> {
  return {
    waits: waitingInRust(),
    timer: nextDeadline(),
    descriptors: rust().descriptors(),
    handles: [...open()].length,
    heldInReceiveArea: words[HELD],
    lentViews: here.lent,
    // This one goes on.
    runs: runs.size - 1,
  }
})

/** What a domain has left when nothing is left. */
const NOTHING: Remains = {
  waits: 0,
  timer: -1,
  descriptors: 0,
  handles: 0,
  heldInReceiveArea: 0,
  lentViews: 0,
  runs: 0,
}

/** What so many extra domains, and this one, have left of runs that are over; empty where that is nothing. */
export async function remains(domains: number): Promise<string[]> {
  const left = await Miou.run(
    function* () {
      const all = [yield* counted()]
      for (const pin of Miou.Domain.all().slice(1)) all.push(yield* Miou.call(counted, [], { pin }))
      return all
    },
    { domains },
  )
  return left.filter((one) => !isDeepStrictEqual(one, NOTHING)).map((one) => JSON.stringify(one))
}
