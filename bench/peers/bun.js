// Echo with Bun's own sockets, with back-pressure: what the kernel does not take is kept, and meanwhile nothing is read.
//
//   bun bun.js 7000
const server = Bun.listen({
  hostname: '127.0.0.1',
  port: Number(process.argv[2] ?? 0),
  socket: {
    open(socket) {
      socket.setNoDelay(true)
      socket.data = undefined
    },
    data(socket, bytes) {
      const taken = socket.write(bytes)
      if (taken < bytes.length) keep(socket, bytes.subarray(Math.max(taken, 0)))
    },
    drain(socket) {
      if (socket.data === undefined) return
      const taken = socket.write(socket.data)
      socket.data = socket.data.subarray(Math.max(taken, 0))
      if (socket.data.length > 0) return
      socket.data = undefined
      socket.resume()
    },
    end(socket) {
      socket.end()
    },
    error() {},
  },
})
console.log(`listening ${server.port}`)

// A copy: the bytes are Bun's own until the callback returns.
function keep(socket, rest) {
  socket.data = socket.data === undefined ? Uint8Array.from(rest) : Buffer.concat([socket.data, rest])
  socket.pause()
}
