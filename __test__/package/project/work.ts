import * as Miou from 'miou'
import * as Unix from 'miou/unix'

/** Sleeps on another domain, and says which one that was. */
export const square = Miou.portable(
  import.meta,
  function* square(x: number): Generator<Miou.Suspension, { domain: number; value: number }> {
    yield* Unix.sleep(1)
    return { domain: Miou.Domain.self(), value: x * x }
  },
  'square',
)
