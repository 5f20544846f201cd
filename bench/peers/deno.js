// Echo with Deno's own sockets: read and write in a loop, a buffer a connection.
//
//   deno run --allow-net deno.js 7000
const listener = Deno.listen({ hostname: '127.0.0.1', port: Number(Deno.args[0] ?? 0) })
console.log(`listening ${listener.addr.port}`)

for await (const connection of listener) echo(connection)

async function echo(connection) {
  try {
    connection.setNoDelay(true)
    const buffer = new Uint8Array(16 * 1024)
    for (;;) {
      const length = await connection.read(buffer)
      if (length === null) break
      for (let sent = 0; sent < length; ) sent += await connection.write(buffer.subarray(sent, length))
    }
  } catch {
    // A client that resets ends its own connection alone.
  } finally {
    connection.close()
  }
}
