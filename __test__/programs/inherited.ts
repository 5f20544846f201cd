import * as Miou from 'miou'
import * as Unix from 'miou/unix'

/* Serves two clients on the listener that it inherits as descriptor 3, in the mode that the first argument names. */

const nonBlocking = process.argv[2] !== 'blocking'

await Miou.run(
  function* () {
    const listener = Unix.ofFileDescr(3, { nonBlocking })
    for (let i = 0; i < 2; i++) {
      const accepting = Miou.async(() => Unix.accept(listener))
      // Others run while it waits.
      for (let n = 0; n < 100; n++) yield* Miou.yield()
      const [client] = yield* accepting
      const parts: Buffer[] = []
      const buf = Buffer.alloc(50_000)
      for (let n = yield* Unix.read(client, buf); n > 0; n = yield* Unix.read(client, buf)) {
        parts.push(Buffer.from(buf.subarray(0, n)))
      }
      yield* Unix.write(client, Buffer.concat(parts))
      Unix.close(client)
    }
    Unix.close(listener)
  },
  { domains: 0 },
)
