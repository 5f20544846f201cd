// An http server on a domain, over toDuplex.

import http from 'node:http'
import * as Miou from '../dist/index.js'
import { toDuplex } from '../dist/node.js'
import * as Unix from '../dist/unix.js'

/** What every server here answers. */
export const answer = (_request, response) => response.end('hello\n')

/** Serves a port that the domains of the process share, until it is cancelled. */
export const serve = Miou.portable(import.meta, function* serve(port) {
  const server = http.createServer(answer)
  const listener = Unix.Ownership.tcpv4()
  Unix.Ownership.bindAndListen(listener, { host: '127.0.0.1', port })
  for (;;) server.emit('connection', toDuplex((yield* Unix.Ownership.accept(listener))[0]))
})
