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
