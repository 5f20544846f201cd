import Miou = require('miou')
import Unix = require('miou/unix')
import Bridges = require('miou/node')

export const lengthOf = Miou.portable({ url: 'file:///program.cjs' }, function* lengthOf(text: string): Generator<
  Miou.Suspension,
  number
> {
  yield* Unix.sleep(1)
  return yield* Bridges.until(Promise.resolve(text.length))
})

export function* body(): Generator<Miou.Suspension, number> {
  const task: Miou.Task<number> = Miou.call(lengthOf, ['four'])
  // @ts-expect-error: it takes a text
  Miou.call(lengthOf, [4])
  return yield* Miou.awaitExn(task)
}
