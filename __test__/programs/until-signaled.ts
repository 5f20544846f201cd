import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { never } from '../support/waiting.js'

/* Waits for SIGINT or SIGTERM, with a task that sleeps on another domain, and says which it was. */

const sleeps = Miou.portable(import.meta, never, 'sleeps')

await Miou.main(
  import.meta,
  function* () {
    const m = Miou.Mutex.create()
    const c = Miou.Condition.create()
    let got = ''
    for (const name of ['SIGINT', 'SIGTERM'] as const) {
      Unix.sysSignal(name, () => {
        got = name
        Miou.Condition.broadcast(c)
      })
    }
    const child = Miou.call(sleeps, [])
    Miou.print('ready')
    {
      using _ = yield* Miou.Mutex.lock(m)
      while (got === '') yield* Miou.Condition.wait(c, m)
    }
    yield* Miou.cancel(child)
    Miou.print(got)
  },
  { domains: 1 },
)
