// One listener, and each client goes to the domain with the fewest: an even spread where connections last. Where they are
// short, a listener on every domain (examples/echo.ts) costs less, since nothing has to move.
//
//   npm run build && npx tsc -p examples && node dist-examples/fewest.js
//   nc 127.0.0.1 3000

import * as Miou from 'miou'
import * as Unix from 'miou/unix'

const ADDRESS = { host: '127.0.0.1', port: Number(process.env.PORT ?? 3000) }

/** Serves a client on the domain that it was given to. */
const serve = Miou.portable(import.meta, function* serve(client: Unix.FileDescr) {
  yield* Unix.Ownership.write(client, `domain ${Miou.Domain.self()}\n`)
  for (let view = yield* Unix.readView(client); view.length > 0; view = yield* Unix.readView(client)) {
    yield* Unix.Ownership.write(client, view)
  }
  Unix.Ownership.close(client)
})

await Miou.main(import.meta, function* () {
  const listener = Unix.Ownership.tcpv4()
  Unix.Ownership.bindAndListen(listener, ADDRESS)
  const clients = Miou.orphans<void>()
  const load = new Map(Miou.Domain.all().map((domain) => [domain, 0]))
  for (;;) {
    const [client] = yield* Unix.Ownership.accept(listener)
    for (let done = Miou.care(clients); done; done = Miou.care(clients)) {
      load.set(done.domain, load.get(done.domain)! - 1)
      yield* Miou.await(done) // one that failed has lost its connection, and that is all
    }
    const [pin, count] = [...load].reduce((least, next) => (next[1] < least[1] ? next : least))
    load.set(pin, count + 1)
    // Whatever the client has sent already moves with the connection.
    const options = { give: [Unix.Ownership.resource(client)], orphans: clients }
    if (pin === 0) Miou.async(() => serve(client), options)
    else Miou.call(serve, [client], { pin, ...options })
  }
})
