import { once } from 'node:events'
import * as Miou from 'miou'
import { toDuplex, until } from 'miou/node'
import * as Unix from 'miou/unix'

/* A listener of a stream throws once while other connections are served, and the stream's own goes on. */

process.on('uncaughtException', (error) => console.log(`uncaught: ${error.message}`))

function* connect(listener: Unix.FileDescr) {
  const client = Unix.tcpv4()
  yield* Unix.connect(client, Unix.address(listener))
  const [server] = yield* Unix.accept(listener)
  return [client, server] as const
}

await Miou.run(
  function* () {
    const listener = Unix.tcpv4()
    Unix.bindAndListen(listener, { host: '127.0.0.1', port: 0 })
    const [client, server] = yield* connect(listener)
    const [other, end] = yield* connect(listener)
    const reading = Miou.async(() => Unix.read(end, Buffer.alloc(1)))
    const stream = toDuplex(server)
    stream.once('data', () => {
      throw new Error('in a listener')
    })
    yield* Unix.write(client, 'x')
    yield* Unix.write(other, 'y')
    yield* reading
    yield* Unix.sleep(5)
    console.log('the others go on')
    const ended = once(
      stream.on('data', (more) => console.log(`the stream too: ${more}`)),
      'end',
    )
    yield* Unix.write(client, 'z')
    Unix.close(client)
    yield* until(ended)
    stream.destroy()
    for (const fd of [listener, other, end]) Unix.close(fd)
  },
  { domains: 0 },
)
