import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { forever, never } from '../waiting.js'
import type { Shared } from './ledger.js'
import { type Steps, turns } from './noted.js'
import { listening, pair } from './pair.js'
import { locked } from './section.js'
import type { Hang } from './step.js'

/** Waits for what never comes, in one of many ways. */
export function* lasting(shared: Shared, task: number, how: Hang['how']): Steps<never> {
  const { mutexes, conditions } = shared
  switch (how) {
    case 'suspend':
      return yield* never()
    case 'spin':
      return yield* forever()
    case 'sleep':
      for (;;) yield* Unix.sleep(1e9)
    case 'condition': {
      using _ = yield* Miou.Mutex.lock(mutexes[0]!)
      for (;;) yield* Miou.Condition.wait(conditions[0]!, mutexes[0]!)
    }
    case 'mutex':
      for (;;) yield* locked(shared, 0, task, 'using', () => turns(1))
    case 'read': {
      const [one] = yield* pair()
      for (;;) yield* Unix.Ownership.read(one, new Uint8Array(8))
    }
    case 'accept': {
      const { listener, forget } = listening()
      try {
        for (;;) yield* Unix.Ownership.accept(listener)
      } finally {
        forget()
      }
    }
  }
}
