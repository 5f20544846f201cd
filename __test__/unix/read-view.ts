import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { closing, connection, onOneDomain, readAll, settle } from '../support/loopback.js'
import { all as returned } from '../programs/values.js'
import { test } from '../support/case.js'
import { refuses } from '../support/refusal.js'

onOneDomain('readView lends the bytes, no more than asked for, and none at the end', function* (t) {
  const [client, server] = yield* connection()
  yield* Unix.write(client, 'hello world')
  Unix.shutdown(client, 'write')
  t.is(Buffer.from(yield* Unix.readView(server, { max: 5 })).toString(), 'hello')
  t.is(Buffer.from(yield* Unix.readView(server)).toString(), ' world')
  t.is((yield* Unix.readView(server)).length, 0)
  t.is((yield* Unix.readView(server)).length, 0)
  closing(client, server)
})

onOneDomain('max is a number of bytes from 1 on', function* (t) {
  const [client, server] = yield* connection()
  for (const max of [0, -1, 1.5, Number.NaN, '5']) {
    refuses(t, () => Unix.readView(server, { max: max as number }), Miou.InvalidArgument, /max/)
  }
  yield* Unix.write(client, 'x')
  t.is((yield* Unix.readView(server, { max: 2 ** 40 })).length, 1, 'more than 64 KiB counts as 64 KiB')
  closing(client, server)
})

/** Echoes until the end of the stream. */
function* echo(fd: Unix.FileDescr) {
  for (let view = yield* Unix.readView(fd); view.length > 0; view = yield* Unix.readView(fd))
    yield* Unix.write(fd, view)
  Unix.shutdown(fd, 'write')
}

onOneDomain(
  'a view is good until the next operation has taken effect: what is written is what was read',
  function* (t) {
    const ends = []
    for (let i = 0; i < 30; i++) ends.push(yield* connection())
    const echoing = ends.map(([, server]) => Miou.async(() => echo(server)))
    const clients = ends.map(([client], i) =>
      Miou.async(function* () {
        const sent = Buffer.alloc(100_000, `${i} `)
        const writing = Miou.async(function* () {
          for (let at = 0; at < sent.length; at += 999)
            yield* Unix.write(client, sent, { off: at, len: Math.min(999, sent.length - at) })
          Unix.shutdown(client, 'write')
        })
        const got = yield* readAll(client)
        yield* writing
        return got.equals(sent)
      }),
    )
    for (const client of clients) t.true(yield* client)
    yield* Miou.awaitAll(echoing)
    for (const [client, server] of ends) closing(client, server)
  },
)

onOneDomain('a view outlasts the switch that a spent budget forces', function* (t) {
  const free = Miou.Mutex.create()
  const ends = []
  for (let i = 0; i < 8; i++) ends.push(yield* connection())
  const tasks = ends.map(([client, server], i) =>
    Miou.async(function* () {
      for (let round = 0; round < 20; round++) {
        const text = `${i}/${round} `.repeat(20)
        yield* Unix.write(client, text)
        const view = yield* Unix.readView(server)
        // The slice has a budget of 64: with every number of operations before, one of them meets its end.
        yield* Unix.write(server, view)
        const back = Buffer.alloc(text.length)
        yield* Unix.reallyRead(client, back)
        if (back.toString() !== text) return `${back} instead of ${text}`
        for (let n = 0; n < round * 7 + i; n++) {
          yield* Miou.Mutex.lock(free)
          Miou.Mutex.unlock(free)
        }
      }
      return 'right'
    }),
  )
  // One after the other hold the mutex: it is only there to be free.
  for (const task of tasks) t.is(yield* task, 'right')
  for (const [client, server] of ends) closing(client, server)
})

onOneDomain('a view that is the result of a task is copied', function* (t) {
  const [client, server] = yield* connection()
  yield* Unix.write(client, 'result')
  const view = yield* Miou.async(() => Unix.readView(server))
  for (let i = 0; i < 10; i++) {
    yield* Unix.write(client, 'other!')
    yield* Unix.readView(server)
  }
  t.is(Buffer.from(view).toString(), 'result')
  closing(client, server)
})

onOneDomain('so is one in arrays and plain objects that a task returns, also where there is a loop', function* (t) {
  const [client, server] = yield* connection()
  yield* Unix.write(client, 'result')
  const result = yield* Miou.async(function* () {
    const view = yield* Unix.readView(server)
    const parts: unknown[] = [view, Object.freeze({}), null, 'text']
    const message = {
      head: view.subarray(0, 3),
      parts,
      get late() {
        return t.fail('a getter was called')
      },
    }
    parts.push(message)
    return message
  })
  for (let i = 0; i < 10; i++) {
    yield* Unix.write(client, 'other!')
    yield* Unix.readView(server)
  }
  t.is(Buffer.from(result.head).toString(), 'res')
  t.is(Buffer.from(result.parts[0] as Uint8Array).toString(), 'result')
  t.is(result.parts[4], result)
  closing(client, server)
})

onOneDomain('views of tasks that end, fail and are cancelled are taken back: the area never fills', function* (t) {
  const [client, server] = yield* connection()
  const data = Buffer.alloc(60_000, 'x')
  const ends: (() => Generator<Miou.Suspension, void>)[] = [
    function* () {
      yield* Unix.readView(server)
    },
    function* () {
      yield* Unix.readView(server)
      throw new Error('fails with a view')
    },
    function* () {
      yield* Unix.readView(server)
      yield* Miou.suspend(Miou.syscall('never'))
    },
  ]
  // Each round lends up to 64 KiB of the one MiB that there is.
  for (let round = 0; round < 60; round++) {
    const task = Miou.async(ends[round % 3]!)
    const writing = Miou.async(() => Unix.write(client, data))
    yield* settle()
    yield* Miou.cancel(task)
    yield* Miou.cancel(writing)
  }
  Unix.shutdown(client, 'write')
  yield* readAll(server)
  t.pass()
  closing(client, server)
})

onOneDomain('a view waits its turn in a queue of writes, as it was', function* (t) {
  const [client, server] = yield* connection({ sendBuffer: 8192 })
  const [source, feed] = yield* connection()
  const large = Miou.async(() => Unix.write(client, Buffer.alloc(1_000_000, 'x')))
  yield* settle()
  yield* Unix.write(feed, 'viewed')
  const copying = Miou.async(function* () {
    yield* Unix.write(client, yield* Unix.readView(source))
  })
  yield* settle()
  for (let i = 0; i < 5; i++) {
    yield* Unix.write(feed, 'others')
    yield* Unix.readView(source)
  }
  const all = Miou.async(() => readAll(server))
  yield* large
  yield* copying
  Unix.shutdown(client, 'write')
  t.is((yield* all).subarray(-6).toString(), 'viewed')
  closing(client, server, source, feed)
})

onOneDomain('nothing is lost by a readView that is cancelled, at whatever moment', function* (t) {
  for (let moment = 0; moment < 8; moment++) {
    const [client, server] = yield* connection()
    let seen = ''
    const reader = Miou.async(function* () {
      for (;;) seen += Buffer.from(yield* Unix.readView(server, { max: 3 })).toString()
    })
    const writer = Miou.async(() => Unix.write(client, 'abcdefghij'))
    for (let i = 0; i < moment; i++) yield* Miou.yield()
    yield* Miou.cancel(reader)
    yield* writer
    Unix.shutdown(client, 'write')
    t.is(seen + (yield* readAll(server)).toString(), 'abcdefghij', `moment ${moment}`)
    closing(client, server)
  }
})

test('a view within a message is copied: the memory around it stays here', async (t) => {
  const [there, around] = await Miou.run(
    function* () {
      const [client, server] = yield* connection()
      yield* Unix.write(client, 'message')
      const view = yield* Unix.readView(server)
      const [{ deep }] = (yield* Miou.call(returned, [{ deep: [view] }])) as [{ deep: Uint8Array[] }]
      closing(client, server)
      return [Buffer.from(deep[0]!).toString(), deep[0]!.buffer.byteLength]
    },
    { domains: 1 },
  )
  t.is(there, 'message')
  t.is(around, 'message'.length)
})
