import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import * as Miou from 'miou'
import { toDuplex, until } from 'miou/node'
import * as Unix from 'miou/unix'
import { test } from '../support/case.js'
import { closing, connection, datagrams, listening, onOneDomain, readAll, settle } from '../support/loopback.js'
import { built, Process } from '../support/process.js'
import { testWith } from '../support/tool.js'
import { sockets } from '../support/machine.js'

type Steps<T> = Generator<Miou.Suspension, T>

/* Faults that are nobody's fault here, and cancelling in the middle of each. */

onOneDomain('a peer that reads a byte at a time holds its writer up, and gets everything', function* (t) {
  const [listener, address] = listening({ receiveBuffer: 1 })
  const client = Unix.tcpv4()
  yield* Unix.connect(client, address, { sendBuffer: 1 })
  const [server] = yield* Unix.accept(listener)
  const data = Buffer.from(Array.from({ length: 20_000 }, (_, i) => i & 255))
  const writing = Miou.async(() => Unix.write(client, data))
  yield* settle()
  const got = Buffer.alloc(data.length)
  for (let at = 0; at < data.length; at++) {
    // The buffers of the system are a few thousand bytes at the least.
    if (at === 1000) t.is(writing.state, 'running')
    t.is(yield* Unix.read(server, got, { off: at, len: 1 }), 1)
  }
  yield* writing
  t.true(got.equals(data))
  closing(listener, client, server)
})

onOneDomain('a peer that sends a byte at a time fills a large read in the end', function* (t) {
  const [client, server] = yield* connection()
  const got = Buffer.alloc(500)
  const reading = Miou.async(() => Unix.reallyRead(server, got))
  for (let i = 0; i < got.length; i++) {
    t.is(reading.state, 'running')
    yield* Unix.write(client, Uint8Array.of(i & 255))
  }
  yield* reading
  t.true(got.every((byte, i) => byte === (i & 255)))
  closing(client, server)
})

onOneDomain('both sides may have ended theirs: reads give the end for ever, writes are EPIPE', function* (t) {
  const [client, server] = yield* connection()
  Unix.shutdown(client, 'write')
  Unix.shutdown(server, 'write')
  for (const fd of [client, server]) {
    for (let i = 0; i < 3; i++) t.is(yield* Unix.read(fd, Buffer.alloc(1)), 0)
    t.is((yield* Unix.readView(fd)).length, 0)
    const written = yield* Miou.await(Miou.async(() => Unix.write(fd, 'x')))
    t.is(!written.ok && (written.error as Unix.SystemError).code, 'EPIPE')
  }
  closing(client, server)
})

onOneDomain('a write of a gigabyte that is cancelled leaves a prefix, and the next write follows it', function* (t) {
  const [client, server] = yield* connection()
  const data = Buffer.alloc(2 ** 30)
  const before = process.memoryUsage.rss()
  const writing = Miou.async(() => Unix.write(client, data))
  let total = 0
  while (total < 50_000_000) total += (yield* Unix.readView(server)).length
  yield* Miou.cancel(writing)
  const next = Miou.async(function* () {
    yield* Unix.write(client, 'next')
    Unix.shutdown(client, 'write')
  })
  let end = Buffer.alloc(0)
  for (let view = yield* Unix.readView(server); view.length > 0; view = yield* Unix.readView(server)) {
    total += view.length
    end = Buffer.concat([end, view]).subarray(-4)
  }
  yield* next
  t.is(end.toString(), 'next')
  t.true(total < 2 ** 30)
  t.true(process.memoryUsage.rss() - before < 64 << 20)
  closing(client, server)
})

onOneDomain('a stream that is given nothing writes nothing, and ends', function* (t) {
  const [client, server] = yield* connection()
  const stream = toDuplex(server)
  yield* until(new Promise((resolve) => stream.write('', resolve)))
  yield* until(new Promise((resolve) => stream.write(Buffer.alloc(0), resolve)))
  stream.end('')
  t.is((yield* readAll(client)).length, 0)
  stream.destroy()
  Unix.close(client)
})

test('a network that can not be reached is ENETUNREACH, for streams and datagrams', async (t) => {
  // A network of its own, of which not even the loopback is up.
  const args = ['-rn', process.execPath, built('dist-test/programs/unreachable.js')]
  const { code, stdout, stderr } = await new Process(t, 'unshare', args).ended.catch((error) => {
    return { code: -1, stdout: '', stderr: String(error) }
  })
  if (/unshare/.test(stderr)) {
    t.log(`skipped: no network of its own to be had (${stderr.trim()})`)
    t.pass()
    return
  }
  t.is(code, 0, stderr)
  t.is(stdout, 'ENETUNREACH connect\nENETUNREACH sendto\n')
})

test('out of descriptors, what needs one is EMFILE, and an accept that is cancelled loses nobody', async (t) => {
  const command = `ulimit -n 128; exec ${process.execPath} ${built('dist-test/programs/out-of-descriptors.js')}`
  const { code, stdout, stderr } = await new Process(t, '/bin/sh', ['-c', command]).ended
  t.is(code, 0, stderr)
  t.is(stdout, 'EMFILE socket\nEMFILE fcntl\nclient 0\nclient 1\nclient 2\nclient 3\nclient 4\n')
})

testWith(
  ['strace'],
  'out of descriptors, a client that knocks costs one accept, and each look whether there is one costs one',
  async (t) => {
    const program = built('dist-test/programs/knocking.js')
    const command = `ulimit -n 128; exec strace -f -e trace=accept4 ${process.execPath} ${program}`
    const { code, stdout, stderr } = await new Process(t, '/bin/sh', ['-c', command]).ended
    if (/ptrace|PTRACE/.test(stderr)) {
      t.log('skipped: no tracing here')
      t.pass()
      return
    }
    t.is(code, 0, stderr)
    const { clients, ms } = JSON.parse(stdout) as { clients: number; ms: number }
    // The listener used to be on the list once for each of them, and was tried as often every 100 ms.
    const refused = stderr.match(/accept4\(.*EMFILE/g)!.length
    t.true(refused >= clients && refused < 2 * clients + ms / 50, `${refused} for ${clients} clients in ${ms} ms`)
  },
)

/** A wait that is cancelled: `begin` makes the operation, `end` does what would end it. */
interface Wait {
  begin(): Miou.Operation<unknown>
  end?(): Miou.Operation<unknown> | undefined
  close(): void
}

function once(work: () => void): () => undefined {
  return () => {
    work()
    return undefined
  }
}

/** Everything that can be waited for, and the faults that may come meanwhile. */
const waits: Record<string, () => Steps<Wait>> = {
  *'a read that gets bytes'() {
    const [client, server] = yield* connection()
    return {
      begin: () => Unix.read(server, Buffer.alloc(9)),
      end: () => Unix.write(client, 'bytes'),
      close: () => closing(client, server),
    }
  },
  *'a read that is reset'() {
    const [client, server] = yield* connection({ linger: 0 })
    return {
      begin: () => Unix.read(server, Buffer.alloc(9)),
      end: once(() => Unix.close(client)),
      close: () => closing(server),
    }
  },
  *'a read whose peer half-closes'() {
    const [client, server] = yield* connection()
    return {
      begin: () => Unix.readView(server),
      end: once(() => Unix.shutdown(client, 'write')),
      close: () => closing(client, server),
    }
  },
  *'a read whose descriptor is closed'() {
    const [client, server] = yield* connection()
    return {
      begin: () => Unix.reallyRead(server, Buffer.alloc(9)),
      end: once(() => Unix.close(server)),
      close: () => closing(client),
    }
  },
  *'a write that is held up'() {
    const [client, server] = yield* connection()
    return {
      begin: () => Unix.write(client, Buffer.alloc(20_000_000)),
      end: () => Unix.readView(server),
      close: () => closing(client, server),
    }
  },
  *'a write whose peer goes'() {
    const [client, server] = yield* connection()
    return {
      begin: () => Unix.write(client, Buffer.alloc(20_000_000)),
      end: once(() => Unix.close(server)),
      close: () => closing(client),
    }
  },
  *'a write whose descriptor is closed'() {
    const [client, server] = yield* connection()
    return {
      begin: () => Unix.write(client, Buffer.alloc(20_000_000)),
      end: once(() => Unix.close(client)),
      close: () => closing(server),
    }
  },
  *'an accept that gets a client'() {
    const [listener, address] = listening()
    const client = Unix.tcpv4()
    return {
      begin: () => Unix.Ownership.accept(listener),
      end: () => Unix.connect(client, address),
      close: () => closing(listener, client),
    }
  },
  *'an accept whose client is gone again'() {
    const [listener, address] = listening()
    return {
      begin: () => Unix.Ownership.accept(listener),
      *end() {
        const client = Unix.Ownership.tcpv4()
        yield* Unix.Ownership.connect(client, address, { linger: 0 })
        Unix.Ownership.close(client)
      },
      close: () => closing(listener),
    }
  },
  *'an accept whose listener is closed'() {
    const [listener] = listening()
    return { begin: () => Unix.accept(listener), end: once(() => Unix.close(listener)), close: () => {} }
  },
  *'a connect'() {
    const [listener, address] = listening()
    const client = Unix.tcpv4()
    return { begin: () => Unix.connect(client, address), close: () => closing(listener, client) }
  },
  *'a connect that is refused'() {
    const [listener, address] = listening()
    Unix.close(listener)
    const client = Unix.tcpv4()
    return { begin: () => Unix.connect(client, address), close: () => closing(client) }
  },
  *'a connect whose descriptor is closed'() {
    const [listener, address] = listening()
    const client = Unix.tcpv4()
    return {
      begin: () => Unix.connect(client, address),
      end: once(() => Unix.close(client)),
      close: () => closing(listener),
    }
  },
  *'a connect to a path whose backlog is full'() {
    const folder = mkdtempSync(join(sockets, 'miou-'))
    const path = join(folder, 'socket')
    const listener = Unix.unixSocket()
    Unix.bindAndListen(listener, { path }, { backlog: 0 })
    const [first, second] = [Unix.unixSocket(), Unix.unixSocket()]
    yield* Unix.connect(first, { path })
    return {
      begin: () => Unix.connect(second, { path }),
      *end() {
        Unix.close((yield* Unix.accept(listener))[0])
      },
      close() {
        closing(listener, first, second)
        rmSync(folder, { recursive: true })
      },
    }
  },
  *'a recvfrom that gets a datagram'() {
    const [fd, there] = datagrams()
    return {
      begin: () => Unix.recvfrom(fd, Buffer.alloc(9)),
      end: () => Unix.sendto(fd, 'datagram', there),
      close: () => Unix.close(fd),
    }
  },
  *'a sendto'() {
    const [fd, there] = datagrams()
    return { begin: () => Unix.sendto(fd, Buffer.alloc(65_507), there), close: () => Unix.close(fd) }
  },
  *'a header of the PROXY protocol'() {
    const [client, server] = yield* connection()
    return {
      begin: () => Unix.proxyHeader(server),
      end: () => Unix.write(client, 'PROXY UNKNOWN\r\n'),
      close: () => closing(client, server),
    }
  },
}

for (const [name, start] of Object.entries(waits)) {
  onOneDomain(`cancelled at whatever moment, it leaves nothing behind, and others go on: ${name}`, function* (t) {
    const [other, end] = yield* connection()
    for (let moment = 0; moment < 10; moment++) {
      const { begin, end: finish, close } = yield* start()
      const waiting = Miou.async(function* () {
        const value = yield* begin()
        // A connection that was accepted is its task's.
        if (Array.isArray(value)) Unix.close(value[0] as Unix.FileDescr)
      })
      if (moment % 2 === 1) yield* settle()
      const ending = Miou.async(function* () {
        const operation = finish?.()
        if (operation !== undefined) yield* operation
      })
      for (let i = 0; i < moment; i++) yield* Miou.yield()
      yield* Miou.cancel(waiting)
      yield* Miou.cancel(ending)
      yield* Unix.write(other, 'on')
      t.is(yield* Unix.read(end, Buffer.alloc(9)), 2)
      close()
    }
    closing(other, end)
  })
}
