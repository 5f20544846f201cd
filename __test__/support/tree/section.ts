import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { entered, exited, type Shared } from './ledger.js'
import { type Steps, turns } from './noted.js'

const { Condition, Mutex } = Miou

/** Runs `body` within a mutex that the task `task` holds by now. */
function* section(shared: Shared, mutex: number, task: number, body: Miou.Body<void>): Steps<void> {
  entered(shared, mutex, task)
  try {
    yield* body()
  } finally {
    exited(shared, mutex, task)
  }
}

/** Runs `body` with a mutex locked, in one of the three ways to write that. */
export function* locked(
  shared: Shared,
  mutex: number,
  task: number,
  style: 'using' | 'protect' | 'unlock',
  body: Miou.Body<void>,
): Steps<void> {
  const m = shared.mutexes[mutex]!
  const within = (): Steps<void> => section(shared, mutex, task, body)
  if (style === 'protect') return yield* Mutex.protect(m, within)
  if (style === 'using') {
    using _ = yield* Mutex.lock(m)
    return yield* within()
  }
  yield* Mutex.lock(m)
  try {
    yield* within()
  } finally {
    Mutex.unlock(m)
  }
}

/** Waits on a condition, for `ms` milliseconds at most. */
export function* waitOr(shared: Shared, mutex: number, condition: number, task: number, ms: number): Steps<void> {
  const m = shared.mutexes[mutex]!
  const waiter = Miou.async(function* () {
    using _ = yield* Mutex.lock(m)
    yield* section(shared, mutex, task, () => turns(1))
    yield* Condition.wait(shared.conditions[condition]!, m)
    yield* section(shared, mutex, task, () => turns(0))
  })
  yield* Miou.awaitFirst([waiter, Miou.async(() => Unix.sleep(ms))])
}
