import * as Miou from 'miou'
import { never } from '../support/waiting.js'
import { dies } from './dying.js'

/* Portable functions about computations. */

const { meta } = { meta: import.meta }
const { Computation, Trigger } = Miou

/** Counts word 0 up and waits for the outcome; says on which domain it goes on. */
export const awaitsOutcome = Miou.portable(meta, function* awaitsOutcome<
  T,
>(computation: Miou.Computation<T>, words: Int32Array): Generator<Miou.Suspension, [Miou.Result<T>, number]> {
  Atomics.add(words, 0, 1)
  const result = yield* Computation.await(computation)
  return [result, Miou.Domain.self()]
})

/** Completes a computation; says whether it did. */
export const returnsTo = Miou.portable(meta, function* returnsTo<T>(computation: Miou.Computation<T>, value: T) {
  return Computation.tryReturn(computation, value)
})

/** Completes a computation with an error of its own; says whether it did. */
export const cancelsFrom = Miou.portable(
  meta,
  function* cancelsFrom(computation: Miou.Computation<unknown>, message: string) {
    return Computation.tryCancel(computation, new RangeError(message, { cause: new Miou.Empty('from below') }))
  },
)

/** Attaches a new trigger to a computation and waits for it, counting word 0 up before and word 1 after. */
export const attachesTo = Miou.portable(
  meta,
  function* attachesTo(computation: Miou.Computation<unknown>, words: Int32Array): Generator<Miou.Suspension, boolean> {
    const trigger = Trigger.create()
    if (!Computation.tryAttach(computation, trigger)) return false
    Atomics.add(words, 0, 1)
    yield* Trigger.await(trigger)
    Atomics.add(words, 1, 1)
    return true
  },
)

/** Dies while it is to complete a computation. */
export const capturesAndDies = Miou.portable(
  meta,
  function* capturesAndDies(computation: Miou.Computation<number>, how: 'exit' | 'uncaught' | 'rejection') {
    yield* Computation.tryCapture(computation, function* () {
      yield* dies(how)
      return 1
    })
  },
)

/** Completes the first, has the second completed by a cancelled task and the third by somebody else, and dies. */
export const capturesInOrderAndDies = Miou.portable(
  meta,
  function* capturesInOrderAndDies(
    first: Miou.Computation<number>,
    second: Miou.Computation<number>,
    third: Miou.Computation<number>,
  ): Generator<Miou.Suspension, void> {
    yield* Computation.tryCapture(first, function* () {
      yield* Miou.yield()
      return 1
    })
    const cancelled = Miou.async(() => Computation.tryCapture(second, never))
    const late = Miou.async(() => Computation.tryCapture(third, never))
    yield* Miou.yield()
    yield* Miou.cancel(cancelled)
    Computation.tryReturn(third, 2)
    yield* dies('exit')
    yield* late
  },
)
