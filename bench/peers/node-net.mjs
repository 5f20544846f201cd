// Echo as Node's own manual writes it: a socket piped to itself, with back-pressure.
//
//   node node-net.mjs 7000
import { createServer } from 'node:net'

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => socket.destroy())
  socket.pipe(socket)
})
server.listen({ port: Number(process.argv[2] ?? 0), host: '127.0.0.1', backlog: 4096 }, () => {
  console.log(`listening ${server.address().port}`)
})
