import * as Miou from 'miou'
import { reaches } from '../support/waiting.js'

/* Portable functions about triggers. */

const { meta } = { meta: import.meta }
const { Trigger } = Miou

/** Counts word 0 up, then waits for the trigger; says on which domain it goes on. */
export const awaits = Miou.portable(meta, function* awaits(trigger: Miou.Trigger, words: Int32Array) {
  Atomics.add(words, 0, 1)
  yield* Trigger.await(trigger)
  return Miou.Domain.self()
})

/** Waits until word `at` is `value`, then signals. */
export const signalsAt = Miou.portable(
  meta,
  function* signalsAt(
    trigger: Miou.Trigger,
    words: Int32Array,
    at: number,
    value: number,
  ): Generator<Miou.Suspension, void> {
    yield* reaches(words, at, value)
    Trigger.signal(trigger)
  },
)

/** Attaches a callback that counts word 1 up; word 0 where it came too late, word 2 where it was refused. Returns at once. */
export const attaches = Miou.portable(meta, function* attaches(trigger: Miou.Trigger, words: Int32Array) {
  try {
    const won = Trigger.onSignal(trigger, () => Atomics.add(words, 1, 1))
    Atomics.add(words, won ? 3 : 0, 1)
  } catch (error) {
    if (!(error instanceof Miou.InvalidArgument)) throw error
    Atomics.add(words, 2, 1)
  }
})

/** Signals all of these at once with others that do. */
export const signalsAll = Miou.portable(
  meta,
  function* signalsAll(triggers: Miou.Trigger[], words: Int32Array): Generator<Miou.Suspension, void> {
    for (const trigger of triggers) Trigger.signal(trigger)
    Atomics.add(words, 4, 1)
  },
)

/** Ends its domain while it waits for the trigger. */
export const diesAwaiting = Miou.portable(meta, function* diesAwaiting(trigger: Miou.Trigger): Generator<
  Miou.Suspension,
  void
> {
  Miou.async(function* () {
    yield* Miou.yield()
    yield* Miou.yield()
    process.exit(7)
  })
  yield* Trigger.await(trigger)
})

/** Sends triggers back that were made here, and keeps none. */
export const makesTriggers = Miou.portable(meta, function* makesTriggers(count: number) {
  return Array.from({ length: count }, () => Trigger.create())
})

/** Whether two handles that have crossed are one. */
export const sameHandle = Miou.portable(meta, function* sameHandle(a: unknown, b: { again: unknown }) {
  return a === b.again
})

/** A finaliser that signals what it finalises. */
export const signalsIt = Miou.portable(meta, function signalsIt(trigger: Miou.Trigger) {
  Trigger.signal(trigger)
})
