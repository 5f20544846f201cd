import * as Miou from 'miou'
import { square } from './work.ts'

await Miou.main(
  import.meta,
  function* () {
    const { domain, value } = yield* Miou.awaitExn(Miou.call(square, [3]))
    Miou.print(value, domain === 0 ? 'here' : 'elsewhere')
  },
  { domains: 1 },
)
