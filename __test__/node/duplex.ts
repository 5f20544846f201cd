import { once } from 'node:events'
import { openSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import { type Duplex, PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import tls from 'node:tls'
import * as Miou from 'miou'
import { scope, toDuplex, until } from 'miou/node'
import * as Unix from 'miou/unix'
import { serveHttp } from '../programs/http-server.js'
import { test } from '../support/case.js'
import { cert, key } from '../support/certificate.js'
import {
  closing,
  connection,
  datagrams,
  failsWith,
  listening,
  onOneDomain,
  readAll,
  settle,
} from '../support/loopback.js'
import { program } from '../support/process.js'
import { refuses } from '../support/refusal.js'

type Steps<T> = Generator<Miou.Suspension, T>

/** Everything that a stream gives, to its end. (`for await` would destroy it.) */
async function all(stream: Readable): Promise<Buffer> {
  const parts: Buffer[] = []
  stream.on('data', (part: Buffer) => parts.push(part))
  if (!stream.readableEnded) await once(stream, 'end')
  return Buffer.concat(parts)
}

/** Accepts for as long as it is not cancelled, and hands each connection to `serve` as a stream. */
function* accepting(listener: Unix.FileDescr, serve: (stream: Duplex) => void): Steps<never> {
  for (;;) serve(toDuplex((yield* Unix.accept(listener))[0]))
}

onOneDomain('a stream reads what comes and writes what it is given, and ends as a stream does', function* (t) {
  const [client, server] = yield* connection()
  const stream = toDuplex(server)
  yield* Unix.write(client, 'from the socket')
  Unix.shutdown(client, 'write')
  t.is((yield* until(all(stream))).toString(), 'from the socket')
  stream.write('one, ')
  stream.write('two, ')
  stream.end('three')
  t.is((yield* readAll(client)).toString(), 'one, two, three')
  if (!stream.closed) yield* until(once(stream, 'close'))
  t.true(stream.destroyed)
  Unix.close(client)
})

onOneDomain('the handle is dead, an owned one is disowned; where another task owns it, it is NotOwner', function* (t) {
  const [client, server] = yield* connection()
  Miou.Ownership.own(Unix.Ownership.resource(server))
  yield* Miou.async(function* () {
    refuses(t, () => toDuplex(server), Miou.NotOwner, /task 1 \(main\) owns/)
  })
  const stream = toDuplex(server)
  refuses(t, () => Unix.read(server, Buffer.alloc(1)), Miou.Closed)
  refuses(t, () => Unix.Ownership.read(server, Buffer.alloc(1)), Miou.NotOwner)
  refuses(t, () => toDuplex(server), Miou.Closed)
  stream.destroy()
  t.is((yield* readAll(client)).length, 0)
  Unix.close(client)
})

onOneDomain('one that a task waits on is not taken over, nor a datagram socket', function* (t) {
  const [client, server] = yield* connection()
  const reading = Miou.async(() => Unix.read(server, Buffer.alloc(1)))
  yield* settle()
  refuses(t, () => toDuplex(server), Miou.InvalidArgument, /waits/)
  yield* Miou.cancel(reading)
  const writing = Miou.async(() => Unix.write(server, Buffer.alloc(10_000_000)))
  for (let i = 0; i < 5; i++) {
    yield* settle()
    refuses(t, () => toDuplex(server), Miou.InvalidArgument, /waits/)
  }
  yield* Miou.cancel(writing)
  const [udp] = datagrams()
  refuses(t, () => toDuplex(udp), Miou.InvalidArgument, /datagram/)
  for (const wrong of [undefined, null, 3, {}]) refuses(t, () => toDuplex(wrong as never), Miou.InvalidArgument)
  closing(client, server, udp)
})

onOneDomain('bytes that came back from a cancelled read are the first that the stream gives', function* (t) {
  const [client, server] = yield* connection()
  const reading = Miou.async(() => Unix.reallyRead(server, Buffer.alloc(100)))
  yield* Unix.write(client, 'back, ')
  yield* settle()
  yield* Miou.cancel(reading)
  const stream = toDuplex(server)
  yield* Unix.write(client, 'then')
  Unix.shutdown(client, 'write')
  t.is((yield* until(all(stream))).toString(), 'back, then')
  stream.end()
  Unix.close(client)
})

onOneDomain('large amounts pass both ways, with back-pressure, through a pipeline', function* (t) {
  const [client, server] = yield* connection()
  const echo = toDuplex(server)
  const echoing = pipeline(echo, new PassThrough(), echo)
  const data = Buffer.alloc(5_000_000)
  for (let i = 0; i < data.length; i++) data[i] = i * 7 + (i >> 9)
  const stream = toDuplex(client)
  const got = all(stream)
  yield* until(pipeline(Readable.from(pieces(data)), stream, { end: true }))
  t.true((yield* until(got)).equals(data))
  yield* until(echoing)
})

function* pieces(data: Buffer): Generator<Buffer> {
  for (let at = 0, size = 1; at < data.length; at += size, size = (size * 3) % 100_003)
    yield data.subarray(at, at + size)
}

onOneDomain('a reader that does not read holds the writer up', function* (t) {
  const [client, server] = yield* connection()
  const stream = toDuplex(server)
  t.false(stream.write(Buffer.alloc(30_000_000)))
  let drained = false
  stream.once('drain', () => {
    drained = true
  })
  yield* Unix.sleep(20)
  t.false(drained)
  const slow = toDuplex(client)
  let total = 0
  slow.on('data', (chunk: Buffer) => {
    total += chunk.length
  })
  yield* until(once(stream, 'drain'))
  stream.end()
  yield* until(once(slow, 'end'))
  t.is(total, 30_000_000)
  slow.end()
})

onOneDomain('a stream that is not read leaves the bytes in the system', function* (t) {
  const [client, server] = yield* connection()
  const stream = toDuplex(server)
  const before = process.memoryUsage.rss()
  const writing = Miou.async(() => Unix.write(client, Buffer.alloc(100_000_000)))
  stream.once('readable', () => {})
  yield* Unix.sleep(30)
  t.is(writing.state, 'running')
  t.true(process.memoryUsage.rss() - before < 60 << 20)
  yield* Miou.cancel(writing)
  stream.destroy()
  Unix.close(client)
})

onOneDomain('a reset is an error of the stream; so is writing to who has gone', function* (t) {
  const [client, server] = yield* connection()
  const stream = toDuplex(server)
  stream.resume()
  const failed = once(stream, 'error')
  Unix.setOptions(client, { linger: 0 })
  Unix.close(client)
  const [error] = yield* until(failed)
  t.is((error as Unix.SystemError).code, 'ECONNRESET')
  t.true(stream.destroyed)

  const [second, gone] = yield* connection()
  Unix.close(gone)
  const writer = toDuplex(second)
  const broken = once(writer, 'error')
  for (let i = 0; i < 20 && !writer.destroyed; i++) {
    writer.write(Buffer.alloc(10_000))
    yield* Unix.sleep(1)
  }
  t.true(['EPIPE', 'ECONNRESET'].includes((yield* until(broken))[0].code))
})

test('what a listener throws is the uncaught exception of the process, and does no harm to tasks nor to its stream', async (t) => {
  const { stdout, stderr } = await program(t, 'listener-throws').ended
  t.is(stdout, 'uncaught: in a listener\nthe others go on\nthe stream too: z\n', stderr)
})

onOneDomain('it has of net.Socket what servers ask for', function* (t) {
  const [client, server] = yield* connection()
  const { port } = Unix.address(client) as { port: number }
  const stream = toDuplex(server) as net.Socket
  t.is(stream.remoteAddress, '127.0.0.1')
  t.is(stream.remotePort, port)
  t.is(stream.remoteFamily, 'IPv4')
  t.is(stream.localAddress, '127.0.0.1')
  t.true(stream.localPort! > 0)
  t.is(stream.setNoDelay(false), stream)
  t.is(stream.setKeepAlive(true, 5000), stream)
  t.is(stream.setKeepAlive(), stream)
  t.is(stream.setTimeout(5), stream)
  yield* until(once(stream, 'timeout'))
  let timeouts = 0
  stream.setTimeout(500, () => timeouts++)
  for (let i = 0; i < 10; i++) {
    yield* Unix.write(client, 'x')
    yield* until(once(stream, 'readable'))
    stream.read()
    yield* Unix.sleep(60)
  }
  t.is(timeouts, 0, 'what is read begins the time anew')
  stream.setTimeout(0)
  t.is(stream.bytesRead, 10)
  stream.write('bye')
  stream.destroySoon()
  yield* until(once(stream, 'close'))
  t.is(stream.bytesWritten, 3)
  t.is((yield* readAll(client)).toString(), 'bye')
  Unix.close(client)
})

onOneDomain('a stream can be reset, and its longest idle time is not over at once', function* (t) {
  const [client, server] = yield* connection()
  const stream = toDuplex(server) as net.Socket
  const address = Unix.address(client) as { host: string; port: number }
  t.is(stream.ref().unref().connecting, false)
  t.like(stream.address(), { address: address.host, family: 'IPv4' })
  stream.setTimeout(2 ** 40, () => t.fail('the time is over'))
  yield* Unix.sleep(5)
  stream.resetAndDestroy()
  yield* failsWith(t, () => Unix.read(client, Buffer.alloc(1)), 'ECONNRESET')
  Unix.close(client)
})

onOneDomain('a file that can not be waited for is a stream too', function* (t) {
  const stream = toDuplex(Unix.ofFileDescr(openSync('/etc/hosts', 'r')))
  const text = (yield* until(all(stream))).toString()
  t.regex(text, /localhost/)
  stream.destroy()
})

test('streams that are left end with their run, without a warning', async (t) => {
  const warnings: Error[] = []
  const note = (warning: Error): void => void warnings.push(warning)
  process.on('warning', note)
  const streams = await Miou.run(
    function* () {
      return (yield* connection()).map(toDuplex)
    },
    { domains: 0 },
  )
  t.true(streams.every((stream) => stream.destroyed))
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', note)
  t.deepEqual(warnings, [])
})

/** Asks a server for a path, over a connection of its own unless an agent keeps one. */
async function get(url: string, options: https.RequestOptions = {}): Promise<{ status: number; body: string }> {
  const { request } = url.startsWith('https') ? https : http
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    request(url, options, resolve).on('error', reject).end()
  })
  return { status: response.statusCode!, body: (await all(response)).toString() }
}

onOneDomain('http.createServer answers over it: many clients, connections that are kept, large bodies', function* (t) {
  const [listener, { port }] = listening()
  const requests = scope()
  const server = http.createServer((request, response) => {
    requests
      .run(function* () {
        const body = yield* until(all(request))
        yield* Unix.sleep(1)
        return `${request.method} ${request.url} ${body.length} ${request.socket.remoteAddress}`
      })
      .then((text) => response.end(text))
      .catch((error: Error) => response.destroy(error))
  })
  const serving = Miou.async(() => accepting(listener, (stream) => server.emit('connection', stream)))
  const url = `http://127.0.0.1:${port}`
  const agent = new http.Agent({ keepAlive: true, maxSockets: 10 })
  const answers = Array.from({ length: 100 }, (_, i) => get(`${url}/${i}`, i % 2 ? { agent } : {}))
  for (const [i, answer] of (yield* until(Promise.all(answers))).entries()) {
    t.deepEqual(answer, { status: 200, body: `GET /${i} 0 127.0.0.1` })
  }
  const posted = until(
    (async () => {
      const request = http.request(`${url}/large`, { method: 'POST', agent })
      const [response] = (await Promise.all([once(request, 'response'), request.end(Buffer.alloc(3_000_000))]))[0]
      return (await all(response as http.IncomingMessage)).toString()
    })(),
  )
  t.is(yield* posted, 'POST /large 3000000 127.0.0.1')
  agent.destroy()
  yield* Miou.cancel(serving)
  yield* requests.close()
  Unix.close(listener)
})

onOneDomain('a server of http that has emitted listening ends a request that is too slow', function* (t) {
  const server = http.createServer({ headersTimeout: 20, requestTimeout: 20, connectionsCheckingInterval: 10 })
  server.emit('listening')
  const [client, peer] = yield* connection()
  server.emit('connection', toDuplex(peer))
  yield* Unix.write(client, 'GET / HTTP/1.1\r\nHost: ')
  t.regex((yield* readAll(client)).toString(), /^HTTP\/1.1 408 /)
  Unix.close(client)
  server.close()
})

onOneDomain('an agent of http keeps one for its next request', function* (t) {
  const server = http.createServer((request, response) => response.end(request.url))
  const [listener, address] = listening()
  const acceptor = Miou.async(() => accepting(listener, (stream) => server.emit('connection', stream)))
  const fd = Unix.tcpv4()
  yield* Unix.connect(fd, address)
  const stream = toDuplex(fd)
  const agent = new http.Agent({ keepAlive: true })
  Object.assign(agent, { createConnection: () => stream })
  for (const path of ['/first', '/second']) {
    const request = http.get({ agent, path })
    const [response] = (yield* until(once(request, 'response'))) as [http.IncomingMessage]
    t.is((yield* until(all(response))).toString(), path)
    yield* settle()
    t.false(stream.destroyed)
  }
  agent.destroy()
  yield* Miou.cancel(acceptor)
  Unix.close(listener)
  server.closeAllConnections()
})

onOneDomain('a client that half-closes after its request is answered', function* (t) {
  const [listener, { port }] = listening()
  const server = http.createServer((_, response) => response.end('answered'))
  const serving = Miou.async(() => accepting(listener, (stream) => server.emit('connection', stream)))
  const client = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  client.end('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  t.regex((yield* until(all(client))).toString(), /answered$/)
  yield* Miou.cancel(serving)
  Unix.close(listener)
})

onOneDomain('https answers over it', function* (t) {
  const [listener, { port }] = listening()
  const server = https.createServer({ cert, key }, (request, response) => {
    response.end(`secret ${request.url}`)
  })
  const serving = Miou.async(() => accepting(listener, (stream) => server.emit('connection', stream)))
  const answers = [1, 2, 3].map((i) =>
    get(`https://localhost:${port}/${i}`, { ca: cert, host: '127.0.0.1', servername: 'localhost' }),
  )
  for (const [i, answer] of (yield* until(Promise.all(answers))).entries()) {
    t.deepEqual(answer, { status: 200, body: `secret /${i + 1}` })
  }
  yield* Miou.cancel(serving)
  Unix.close(listener)
})

onOneDomain('tls runs on it, on both ends', function* (t) {
  const [client, server] = yield* connection()
  const inner = new tls.TLSSocket(toDuplex(server), { isServer: true, cert, key })
  const outer = tls.connect({ socket: toDuplex(client), ca: cert, servername: 'localhost' })
  inner.pipe(inner)
  yield* until(once(outer, 'secureConnect'))
  t.true(outer.authorized)
  const data = Buffer.alloc(1_000_000, 'confidential ')
  const got = all(outer)
  outer.end(data)
  t.true((yield* until(got)).equals(data))
})

onOneDomain('an upgrade hands the stream over, as ws takes it', function* (t) {
  const [listener, { port }] = listening()
  const server = http.createServer()
  server.on('upgrade', (_request, socket: Duplex, head: Buffer) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n')
    socket.write(head)
    socket.pipe(socket)
  })
  const serving = Miou.async(() => accepting(listener, (stream) => server.emit('connection', stream)))
  const request = http.request({ port, host: '127.0.0.1', headers: { connection: 'Upgrade', upgrade: 'echo' } }).end()
  const [, socket] = (yield* until(once(request, 'upgrade'))) as [unknown, Duplex]
  socket.end('both ways')
  t.is((yield* until(all(socket))).toString(), 'both ways')
  yield* Miou.cancel(serving)
  Unix.close(listener)
})

test('http is served on every domain of one port', async (t) => {
  await Miou.run(
    function* () {
      const probe = Unix.tcpv4()
      Unix.bindAndListen(probe, { host: '127.0.0.1', port: 0 })
      const { port } = Unix.address(probe) as { port: number }
      const servers = Miou.Domain.all()
        .slice(1)
        .map((pin) => Miou.call(serveHttp, [port], { pin }))
      const local = Miou.async(() => serveHttp(port))
      // Connections that this listener is given by the system would never be answered.
      Unix.close(probe)
      const seen = new Set<string>()
      for (let i = 0; i < 500 && seen.size < 3; i++) {
        try {
          seen.add((yield* until(get(`http://127.0.0.1:${port}/`))).body)
        } catch {
          // Not all listen yet.
          yield* Unix.sleep(1)
        }
      }
      t.deepEqual(
        [...seen].sort(),
        [
          'domain 0',
          ...Miou.Domain.all()
            .slice(1)
            .map((id) => `domain ${id}`),
        ].sort(),
      )
      for (const server of [...servers, local]) yield* Miou.cancel(server)
    },
    { domains: 2 },
  )
})
