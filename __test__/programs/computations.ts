import * as Miou from 'miou'

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
