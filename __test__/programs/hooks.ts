import * as Miou from 'miou'

/** How often a hook runs here during two yields. */
export const hooksThere = Miou.portable(import.meta, function* hooksThere() {
  let calls = 0
  const hook = Miou.Hook.add(() => calls++)
  yield* Miou.yield()
  yield* Miou.yield()
  Miou.Hook.remove(hook)
  return calls
})

let left = 0

/** Leaves a hook behind. */
export const leavesHook = Miou.portable(import.meta, function* leavesHook() {
  Miou.Hook.add(() => left++)
  yield* Miou.yield()
  return left
})

/** How often that hook runs here during a yield. */
export const leftHook = Miou.portable(import.meta, function* leftHook() {
  const before = left
  yield* Miou.yield()
  return left - before
})
