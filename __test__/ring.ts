import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { all } from './programs/values.js'
import { test } from './support/case.js'
import { closing, connection, settle } from './support/loopback.js'

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

// The operation that came after as many messages as fill the ring stood where the completions do.
test('a task that has called as often as the ring has room for may wait for anything in the same slice', async (t) => {
  await Miou.run(
    function* () {
      const [client, server] = yield* connection()
      const buf = new Uint8Array(8)
      for (const calls of [126, 127, 128, 129]) {
        yield* Unix.write(client, 'hello')
        yield* settle()
        const reader = Miou.async(() => Unix.read(server, buf))
        const m = Miou.Mutex.create()
        const holder = Miou.async(function* () {
          using _ = yield* Miou.Mutex.lock(m)
          yield* settle()
        })
        // Both run first, and wait.
        yield* Miou.yield()
        const tasks = Array.from({ length: calls }, (_, i) => Miou.call(all, [i]))
        {
          using _ = yield* Miou.Mutex.lock(m)
        }
        t.is(yield* Miou.awaitExn(reader), 5)
        yield* Miou.awaitExn(holder)
        const results = yield* Miou.awaitAll(tasks)
        t.true(results.every((result, i) => result.ok && (result.value as number[])[0] === i))
      }
      closing(client, server)
    },
    { domains: 1 },
  )
})
