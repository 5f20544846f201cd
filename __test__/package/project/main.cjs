const { pathToFileURL } = require('node:url')
const Miou = require('miou')
const Unix = require('miou/unix')

const meta = { url: pathToFileURL(__filename).href }

const square = Miou.portable(meta, function* square(x) {
  yield* Unix.sleep(1)
  return { domain: Miou.Domain.self(), value: x * x }
})

Miou.main(
  meta,
  function* () {
    const { domain, value } = yield* Miou.awaitExn(Miou.call(square, [3]))
    Miou.print(value, domain === 0 ? 'here' : 'elsewhere')
  },
  { domains: 1 },
)
