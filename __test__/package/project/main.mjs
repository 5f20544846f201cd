import * as Miou from 'miou'
import { until } from 'miou/node'
import * as Unix from 'miou/unix'

const square = Miou.portable(import.meta, function* square(x) {
  yield* Unix.sleep(1)
  return { domain: Miou.Domain.self(), value: yield* until(Promise.resolve(x * x)) }
})

await Miou.main(
  import.meta,
  function* () {
    const { domain, value } = yield* Miou.awaitExn(Miou.call(square, [3]))
    Miou.print(value, domain === 0 ? 'here' : 'elsewhere')
  },
  { domains: 1 },
)
