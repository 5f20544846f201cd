import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { slower, test } from '../support/case.js'
import {
  carriedOut,
  closing,
  connection,
  datagrams,
  failsWith,
  listening,
  onOneDomain,
  readAll,
  settle,
  throwsIn,
} from '../support/loopback.js'
import { refuses } from '../support/refusal.js'

/** Connects, and says who it is. */
function* client(address: Unix.Address, name = '') {
  const fd = Unix.tcpv4()
  yield* Unix.connect(fd, address)
  yield* Unix.write(fd, name)
  return fd
}

onOneDomain('accept gives the connection, and the address that its client has', function* (t) {
  const [listener, address] = listening()
  const fd = yield* client(address, 'hi')
  const [server, peer] = yield* Unix.accept(listener)
  t.deepEqual(peer, Unix.address(fd))
  t.deepEqual(Unix.peer(server), Unix.address(fd))
  t.deepEqual(Unix.address(server), address)
  t.is(yield* Unix.read(server, Buffer.alloc(4)), 2)
  closing(listener, fd, server)
})

onOneDomain('several tasks that accept are served in the order in which they came', function* (t) {
  const [listener, address] = listening()
  const order: string[] = []
  const tasks = [...'abc'].map((name) =>
    Miou.async(function* () {
      const [fd] = yield* Unix.accept(listener)
      order.push(name)
      Unix.close(fd)
    }),
  )
  yield* settle()
  for (let i = 0; i < 3; i++) Unix.close(yield* client(address))
  yield* Miou.awaitAll(tasks)
  t.deepEqual(order, ['a', 'b', 'c'])
  Unix.close(listener)
})

onOneDomain('options are set on each connection, and an option that there is not is refused before', function* (t) {
  const [listener, address] = listening()
  refuses(t, () => Unix.accept(listener, { noSuch: 1 } as Unix.SocketOptions), Miou.InvalidArgument, /noSuch/)
  const fd = yield* client(address)
  const [connection] = yield* Unix.accept(listener, { linger: 0, keepAlive: 1500, sendBuffer: 20_000 })
  yield* Unix.write(connection, 'lost')
  Unix.close(connection)
  yield* settle()
  // With a linger of 0, closing resets.
  yield* failsWith(t, () => readAll(fd), 'ECONNRESET')
  closing(listener, fd)
})

onOneDomain('accept takes a listening stream socket', function* (t) {
  const [fd] = datagrams()
  refuses(t, () => Unix.accept(fd), Miou.InvalidArgument, /stream/)
  const socket = Unix.tcpv4()
  yield* failsWith(t, () => Unix.accept(socket), 'EINVAL')
  closing(fd, socket)
  // Nothing to read is no reason to wait.
  const [client, server] = yield* connection()
  const reading = Miou.async(() => Unix.read(server, Buffer.alloc(1)))
  yield* settle()
  yield* Miou.cancel(reading)
  yield* failsWith(t, () => Unix.accept(server), 'EINVAL')
  closing(client, server)
})

onOneDomain(
  'no connection is lost by an accept that is cancelled, at whatever moment, and they stay in order',
  function* (t) {
    const [listener, address] = listening()
    for (let moment = 0; moment < 10; moment++) {
      const accepted: Unix.FileDescr[] = []
      const accepting = Miou.async(function* () {
        for (;;) accepted.push((yield* Unix.accept(listener))[0])
      })
      yield* Miou.yield()
      const clients: Unix.FileDescr[] = []
      for (const name of 'abc') clients.push(yield* client(address, name))
      for (let i = 0; i < moment; i++) yield* Miou.yield()
      yield* Miou.cancel(accepting)
      while (accepted.length < 3) accepted.push((yield* Unix.accept(listener))[0])
      let names = ''
      for (const fd of accepted) {
        const buf = Buffer.alloc(1)
        yield* Unix.read(fd, buf)
        names += buf.toString()
      }
      t.is(names, 'abc', `moment ${moment}`)
      closing(...clients, ...accepted)
    }
    Unix.close(listener)
  },
)

onOneDomain(
  'accepts that have ended in the core, and are cancelled before their tasks hear of it, lose no connection',
  function* (t) {
    const [listener, address] = listening()
    const clients = [yield* client(address, 'a'), yield* client(address, 'b')]
    yield* settle()
    // On a slow machine one may have its connection before it is cancelled.
    const accepted: [Unix.FileDescr, Unix.Address][] = []
    const both = Miou.async(function* () {
      yield* Miou.awaitAll(
        clients.map(() =>
          Miou.async(function* () {
            accepted.push(yield* Unix.accept(listener))
          }),
        ),
      )
    })
    // The first lets it spawn them, the second lets them submit. It takes both with it at once.
    yield* Miou.yield()
    yield* Miou.yield()
    carriedOut()
    yield* Miou.cancel(both)
    while (accepted.length < 2) accepted.push(yield* Unix.accept(listener))
    for (const [fd, peer] of accepted) {
      t.true(clients.some((one) => JSON.stringify(Unix.address(one)) === JSON.stringify(peer)))
      t.is(yield* Unix.read(fd, Buffer.alloc(1)), 1)
    }
    closing(listener, ...accepted.map(([fd]) => fd), ...clients)
  },
)

onOneDomain(
  'connections that come back are accepted in the order in which they came, however they came back',
  function* (t) {
    const [listener, address] = listening()
    const clients: Unix.FileDescr[] = []
    for (const name of 'abcd') clients.push(yield* client(address, name))
    yield* settle()
    // On a slow machine one of them may have its connection before it is cancelled.
    const seen: Unix.FileDescr[] = []
    const accepting = clients.map(() =>
      Miou.async(function* () {
        seen.push((yield* Unix.accept(listener))[0])
      }),
    )
    yield* Miou.yield()
    carriedOut()
    for (const at of [1, 3, 0, 2]) yield* Miou.cancel(accepting[at]!)
    const back: Unix.FileDescr[] = []
    while (seen.length + back.length < 4) back.push((yield* Unix.accept(listener))[0])
    const names: string[] = []
    for (const fd of [...back, ...seen]) {
      const buf = Buffer.alloc(1)
      yield* Unix.read(fd, buf)
      names.push(buf.toString())
    }
    t.deepEqual([...names].sort(), ['a', 'b', 'c', 'd'])
    const inOrder = names.slice(0, back.length)
    t.deepEqual(inOrder, [...inOrder].sort())
    closing(listener, ...clients, ...back, ...seen)
  },
)

onOneDomain('a connection that came back is closed with its listener', function* (t) {
  const [listener, address] = listening()
  const fd = yield* client(address)
  yield* settle()
  const tasks = [1, 2].map(() => Miou.async(() => Unix.accept(listener)))
  yield* Miou.yield()
  carriedOut()
  for (const task of tasks) yield* Miou.cancel(task)
  Unix.close(listener)
  try {
    t.is((yield* readAll(fd)).length, 0)
  } catch (error) {
    t.is((error as Unix.SystemError).code, 'ECONNRESET')
  }
  Unix.close(fd)
})

onOneDomain('a listener that is closed under those who accept wakes them with Closed', function* (t) {
  const [listener] = listening()
  const tasks = [1, 2].map(() => Miou.async(() => Unix.accept(listener)))
  yield* settle()
  Unix.close(listener)
  for (const result of yield* Miou.awaitAll(tasks)) t.true(!result.ok && result.error instanceof Miou.Closed)
  yield* throwsIn(t, () => Unix.accept(listener), Miou.Closed)
})

onOneDomain('clients that are gone before they are accepted do no harm', function* (t) {
  const [listener, address] = listening()
  for (let i = 0; i < 5; i++) {
    const fd = yield* client(address)
    Unix.setOptions(fd, { linger: 0 })
    Unix.close(fd)
  }
  const last = yield* client(address, 'last')
  for (;;) {
    const [fd] = yield* Unix.accept(listener, { keepAlive: 1000 })
    const buf = Buffer.alloc(9)
    let text = ''
    try {
      text = buf.toString('latin1', 0, yield* Unix.read(fd, buf))
    } catch (error) {
      t.is((error as Unix.SystemError).code, 'ECONNRESET')
    }
    Unix.close(fd)
    if (text === 'last') break
  }
  closing(listener, last)
})

onOneDomain('accepting and closing many connections leaves no descriptor and no memory behind', function* (t) {
  const [listener, address] = listening()
  const round = function* (count: number) {
    for (let i = 0; i < count; i++) {
      const fd = Unix.tcpv4()
      yield* Unix.connect(fd, address, { linger: 0 })
      const [connection] = yield* Unix.accept(listener)
      closing(fd, connection)
    }
  }
  yield* round(500)
  global.gc?.()
  const before = process.memoryUsage().rss
  yield* round(3000)
  t.true(process.memoryUsage().rss - before < 20 << 20)
  Unix.close(listener)
})

/** Runs a program with few descriptors, and gives what it prints, a line of JSON each. */
async function withFewDescriptors(limit: number, ...args: string[]): Promise<Record<string, number>[]> {
  const program = fileURLToPath(new URL('../programs/exhausted.js', import.meta.url))
  const child = spawn('sh', ['-c', `ulimit -n ${limit}; exec "$@"`, 'sh', process.execPath, program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`the program ended with ${code}: ${out}`)
  return out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, number>)
}

for (const [how, title] of [
  ['here', 'this domain closes one'],
  ['there', 'another domain closes one'],
  ['node', 'something else in the process closes one'],
] as const) {
  test(`out of descriptors, accept waits without spinning, and goes on as soon as ${title}`, async (t) => {
    const [waiting, freed] = await withFewDescriptors(256, how)
    t.true(waiting!.clients! > 0 && waiting!.accepted! < waiting!.clients!, JSON.stringify(waiting))
    // Whoever spins takes all of the time. An emulated processor takes a fifth for a look every 100 ms.
    t.true(waiting!.cpu! < waiting!.ms! / 2, `${waiting!.cpu} ms of CPU in ${waiting!.ms} ms`)
    t.is(freed!.accepted, waiting!.clients)
    // Twelve times a few are closed: the second fastest, which a busy machine hardly holds up. Where nobody tells, each time
    // takes 100 ms, but for the first, which may come just before the accept is tried again.
    t.true(freed!.ms! < (how === 'node' ? 500 : 80) * slower, JSON.stringify(freed))
  })
}
