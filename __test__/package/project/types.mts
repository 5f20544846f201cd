import * as Miou from 'miou'
import { until } from 'miou/node'
import * as Unix from 'miou/unix'

export const lengthOf = Miou.portable(import.meta, function* lengthOf(text: string): Generator<
  Miou.Suspension,
  number
> {
  yield* Unix.sleep(1)
  return yield* until(Promise.resolve(text.length))
})

export function* body(): Generator<Miou.Suspension, number> {
  const task: Miou.Task<number> = Miou.call(lengthOf, ['four'])
  const result: Miou.Result<number> = yield* Miou.await(task)
  // @ts-expect-error: it takes a text
  Miou.call(lengthOf, [4])
  return result.ok ? result.value : 0
}
