// Echo on two processes with node:cluster: the primary accepts and hands connections out in turn, as it does by default.
//
//   node node-cluster.mjs 7000
import cluster from 'node:cluster'
import { createServer } from 'node:net'

const PROCESSES = 2

if (cluster.isPrimary) {
  let ready = 0
  for (let i = 0; i < PROCESSES; i++) cluster.fork()
  cluster.on('listening', (_, { port }) => {
    if (++ready === PROCESSES) console.log(`listening ${port}`)
  })
  process.on('SIGTERM', () => {
    for (const worker of Object.values(cluster.workers)) worker.process.kill('SIGTERM')
    process.exit()
  })
} else {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    socket.pipe(socket)
  })
  server.listen({ port: Number(process.argv[2] ?? 0), host: '127.0.0.1', backlog: 4096 })
}
