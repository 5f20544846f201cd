// Node's own http server, on every domain, all of them on one port: bring the handler that you have.
//
//   npm run build && npx tsc -p examples && node dist-examples/http.js
//   curl http://127.0.0.1:8080/

import http from 'node:http'
import * as Miou from 'miou'
import { toDuplex } from 'miou/node'
import * as Unix from 'miou/unix'

const ADDRESS = { host: '127.0.0.1', port: Number(process.env.PORT ?? 8080) }

const serve = Miou.portable(import.meta, function* serve() {
  const server = http.createServer((request, response) => {
    response.end(`${request.method} ${request.url} on domain ${Miou.Domain.self()}\n`)
  })
  const listener = Unix.Ownership.tcpv4()
  Unix.Ownership.bindAndListen(listener, ADDRESS)
  server.emit('listening') // requests that are too slow are ended, by its own timeouts, from here on
  for (;;) {
    const [client] = yield* Unix.Ownership.accept(listener)
    server.emit('connection', toDuplex(client))
  }
})

await Miou.main(import.meta, function* () {
  const servers = Miou.Domain.all().map((pin) => (pin === 0 ? Miou.async(serve) : Miou.call(serve, [], { pin })))
  const ended = yield* Miou.awaitFirst(servers) // they serve for ever: the first that fails ends them all
  if (!ended.ok) throw ended.error
})
