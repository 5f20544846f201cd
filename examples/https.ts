// Node's own https server, on every domain, all of them on one port: bring the certificate that you have.
//
//   openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -subj /CN=localhost
//   npm run build && npx tsc -p examples && CERT=cert.pem KEY=key.pem node dist-examples/https.js
//   curl --cacert cert.pem https://localhost:8443/

import { readFileSync } from 'node:fs'
import https from 'node:https'
import * as Miou from 'miou'
import { toDuplex } from 'miou/node'
import * as Unix from 'miou/unix'

const ADDRESS = { host: '127.0.0.1', port: Number(process.env.PORT ?? 8443) }

const serve = Miou.portable(import.meta, function* serve() {
  const [cert, key] = [readFileSync(process.env.CERT ?? 'cert.pem'), readFileSync(process.env.KEY ?? 'key.pem')]
  const server = https.createServer({ cert, key }, (request, response) => {
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
