import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { all } from './programs/values.js'
import { test } from './support/case.js'

// Each completion of a long write submits its next piece: where more of them ended in one turn than the send area has room
// for, the pieces ran over its end.
test('writes whose pieces end in one turn, more than the ring has room for, arrive whole', async (t) => {
  const CLIENTS = 40
  const data = Buffer.alloc(512 << 10, 'one two three ')
  await Miou.run(
    function* () {
      const listener = Unix.tcpv4()
      Unix.bindAndListen(listener, { host: '127.0.0.1', port: 0 }, { receiveBuffer: 64 << 10 })
      const address = Unix.address(listener)
      const pairs: [Unix.FileDescr, Unix.FileDescr][] = []
      for (let i = 0; i < CLIENTS; i++) {
        const client = Unix.tcpv4()
        Unix.setOptions(client, { sendBuffer: 64 << 10 })
        yield* Unix.connect(client, address)
        const [server] = yield* Unix.accept(listener)
        pairs.push([client, server])
      }
      const writers = pairs.map(([client]) => Miou.async(() => Unix.write(client, data)))
      yield* Miou.yield()
      const readers = pairs.map(([, server]) =>
        Miou.async(function* () {
          const buffer = Buffer.alloc(data.length)
          yield* Unix.reallyRead(server, buffer)
          return buffer.equals(data)
        }),
      )
      for (const result of yield* Miou.awaitAll(writers)) t.true(result.ok)
      for (const result of yield* Miou.awaitAll(readers)) t.true(result.ok && result.value)
      for (const [client, server] of pairs) {
        Unix.close(client)
        Unix.close(server)
      }
      Unix.close(listener)
    },
    { domains: 0 },
  )
})

test('a task may call more than the ring has room for in one slice', async (t) => {
  await Miou.run(
    function* () {
      const tasks = Array.from({ length: 1000 }, (_, i) => Miou.call(all, [i]))
      const results = yield* Miou.awaitAll(tasks)
      t.true(results.every((result, i) => result.ok && (result.value as number[])[0] === i))
    },
    { domains: 1 },
  )
})
