import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { sleeps } from './programs/sleeping.js'
import { test } from './support/case.js'

const odd: [string, unknown][] = [
  ['that has no text', Object.create(null, { f: { value: () => {}, enumerable: true } })],
  ['that is a symbol', Symbol('odd')],
  ['that is a function', () => {}],
]

for (const [what, thrown] of odd) {
  test(`children on other domains are cancelled for a reason ${what}`, async (t) => {
    await Miou.run(
      function* () {
        const parent = Miou.async(function* () {
          Miou.call(sleeps, [])
          Miou.call(sleeps, [])
          yield* Unix.sleep(5)
          throw thrown
        })
        const result = yield* Miou.await(parent)
        t.true(!result.ok && result.error === thrown)
      },
      { domains: 1 },
    )
  })
}
