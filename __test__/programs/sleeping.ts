import * as Miou from 'miou'
import * as Unix from 'miou/unix'

/** Sleeps for longer than any test lasts. */
export const sleeps = Miou.portable(import.meta, function* sleeps() {
  yield* Unix.sleep(60_000)
})
