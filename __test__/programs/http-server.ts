import http from 'node:http'
import * as Miou from 'miou'
import { toDuplex } from 'miou/node'
import * as Unix from 'miou/unix'

/** Answers http on a port with the number of the domain, until it is cancelled. */
export const serveHttp = Miou.portable(import.meta, function* serveHttp(port: number): Generator<
  Miou.Suspension,
  void
> {
  const server = http.createServer((_, response) => {
    response.setHeader('connection', 'close')
    response.end(`domain ${Miou.Domain.self()}`)
  })
  const listener = Unix.Ownership.tcpv4()
  Unix.Ownership.bindAndListen(listener, { host: '127.0.0.1', port })
  for (;;) server.emit('connection', toDuplex((yield* Unix.Ownership.accept(listener))[0]))
})
