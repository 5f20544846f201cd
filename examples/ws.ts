// WebSockets with npm's ws, on every domain, all of them on one port: each message comes back with the domain's number.
//
//   npm run build && npx tsc -p examples && node dist-examples/ws.js
//   npx wscat --connect ws://127.0.0.1:8081

import http from 'node:http'
import * as Miou from 'miou'
import { toDuplex } from 'miou/node'
import * as Unix from 'miou/unix'
import { WebSocketServer } from 'ws'

const ADDRESS = { host: '127.0.0.1', port: Number(process.env.PORT ?? 8081) }

const serve = Miou.portable(import.meta, function* serve() {
  const server = http.createServer()
  new WebSocketServer({ server }).on('connection', (socket) => {
    socket.on('message', (data) => socket.send(`domain ${Miou.Domain.self()}: ${data}`))
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
