// Echo on two worker threads that share the port with SO_REUSEPORT (Node 23.1 and later).
//
//   node node-workers.mjs 7000
import { once } from 'node:events'
import { createServer } from 'node:net'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

const THREADS = 2

if (isMainThread) {
  let port = Number(process.argv[2] ?? 0)
  for (let i = 0; i < THREADS; i++) {
    const worker = new Worker(new URL(import.meta.url), { workerData: port })
    // The first one chooses the port, and the others join it there.
    ;[port] = await once(worker, 'message')
  }
  console.log(`listening ${port}`)
} else {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    socket.pipe(socket)
  })
  const options = { port: workerData, host: '127.0.0.1', backlog: 4096, reusePort: true }
  server.listen(options, () => parentPort.postMessage(server.address().port))
}
