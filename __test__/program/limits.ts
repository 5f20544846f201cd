import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import * as Miou from 'miou'
import { until } from 'miou/node'
import * as Unix from 'miou/unix'
import { test } from '../support/case.js'
import { Client, clients, Visitors } from '../support/client.js'
import { listens, report, type Server, serving, stop, sums } from '../support/echo.js'
import { Process } from '../support/process.js'
import { PROGRAM, withListener } from '../support/activation.js'
import { sockets } from '../support/machine.js'

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Clients that have said something, and which of them were answered. */
class Guests {
  readonly answered = new Set<Client>()

  constructor(readonly all: Client[]) {
    for (const client of all) {
      client.send('let me in')
      void client.take(9).then((said) => said.length === 9 && this.answered.add(client))
    }
  }

  /** Waits until so many were answered. */
  async reaches(count: number): Promise<void> {
    while (this.answered.size < count) await pause(1)
  }

  /** One of those that are answered leaves. */
  leave(): void {
    const [client] = this.answered
    this.answered.delete(client!)
    client!.end()
  }
}

for (const domains of [1, 2, 4]) {
  test(`as many as --max-connections are served at a time on ${domains} domains together; the others wait, and come in turn`, async (t) => {
    const server = await serving(t, domains, undefined, ['--max-connections', '4'])
    const guests = new Guests(await clients(40, server.port))
    for (let left = 40; left > 0; left--) {
      await guests.reaches(Math.min(4, left))
      await pause(5)
      t.true(guests.answered.size <= 4)
      guests.leave()
    }
    t.deepEqual(sums(await stop(t, server)), { connections: 40, bytes: 360, failed: 0, expired: 0, cut: 0 })
  })
}

test('more domains than --max-connections serve them all the same', async (t) => {
  const server = await serving(t, 3, undefined, ['--max-connections', '1'])
  const guests = new Guests(await clients(10, server.port))
  for (let left = 10; left > 0; left--) {
    await guests.reaches(1)
    t.is(guests.answered.size, 1)
    guests.leave()
  }
  t.is(sums(await stop(t, server)).connections, 10)
})

test('a full server that is to stop lets in who waits as others leave', async (t) => {
  const server = await serving(t, 2, undefined, ['--max-connections', '1'])
  const guests = new Guests(await clients(5, server.port))
  await guests.reaches(1)
  server.process.kill('SIGTERM')
  for (let left = 5; left > 0; left--) {
    await guests.reaches(1)
    guests.leave()
  }
  t.is(sums(report(t, await server.process.ended)).connections, 5)
})

test('a connection that is silent for --idle-timeout is ended, one that is not goes on', async (t) => {
  const server = await serving(t, 1, undefined, ['--idle-timeout', '3000'])
  const [silent, lively] = (await clients(2, server.port)) as [Client, Client]
  const began = performance.now()
  const ended = silent.rest().then(() => performance.now() - began)
  for (let i = 0; i < 25; i++) {
    t.true(await lively.echoes('lively'))
    await pause(200)
  }
  const ms = await ended
  t.true(ms >= 2990, `it was ended after ${ms} ms`)
  silent.end()
  lively.end()
  const { connections, failed, expired } = sums(await stop(t, server))
  t.deepEqual({ connections, failed, expired }, { connections: 2, failed: 0, expired: 1 })
})

test('a peer that never reads is silent too', async (t) => {
  const server = await serving(t, 1, undefined, ['--idle-timeout', '300'])
  const client = await Client.connect(server.port)
  client.socket.pause()
  client.socket.on('error', () => {})
  client.send(Buffer.alloc(30 << 20))
  await new Promise((resolve) => client.socket.on('close', resolve))
  t.is(sums(await stop(t, server)).expired, 1)
})

test('a connection that lasts longer than --total-timeout is ended, however lively', async (t) => {
  const server = await serving(t, 1, undefined, ['--total-timeout', '300', '--idle-timeout', '100000'])
  const client = await Client.connect(server.port)
  const began = performance.now()
  const goes = (): Promise<boolean> =>
    client.echoes('lively').catch((error) => {
      // It was closed while something was on its way to it.
      t.true(['ECONNRESET', 'EPIPE'].includes(error.code), error.code)
      return false
    })
  while (await goes()) await pause(5)
  const ms = performance.now() - began
  t.true(ms >= 290, `it was ended after ${ms} ms`)
  client.end()
  t.is(sums(await stop(t, server)).expired, 1)
})

test('after a signal clients are cut off once --drain is over, and that is an end in order', async (t) => {
  const server = await serving(t, 2, undefined, ['--drain', '200'])
  const all = await clients(10, server.port)
  for (const client of all) t.true(await client.echoes('hello'))
  all[0]!.end()
  await all[0]!.rest()
  const began = performance.now()
  server.process.kill('SIGTERM')
  await Promise.all(all.slice(1).map((client) => client.rest()))
  t.true(performance.now() - began >= 190)
  const { connections, failed, cut } = sums(report(t, await server.process.ended))
  t.deepEqual({ connections, failed, cut }, { connections: 10, failed: 0, cut: 9 })
})

test('with --proxy-protocol the header is read and what follows is served; who sends none is ended', async (t) => {
  const server = await serving(t, 1, undefined, ['--proxy-protocol'])
  const [first, second, stranger] = (await clients(3, server.port)) as [Client, Client, Client]
  first.send('PROXY TCP4 192.0.2.1 192.0.2.2 1000 443\r\nhello')
  t.is((await first.take(5)).toString(), 'hello')
  second.send(Buffer.from('0d0a0d0a000d0a515549540a200000006869', 'hex'))
  t.is((await second.take(2)).toString(), 'hi')
  stranger.send('GET / HTTP/1.1\r\n')
  t.is((await stranger.rest()).length, 0)
  first.end()
  second.end()
  const { connections, bytes, failed } = sums(await stop(t, server))
  t.deepEqual({ connections, bytes, failed }, { connections: 3, bytes: 7, failed: 1 })
})

/** A server that serves a listener of another process, as a service manager starts it. */
function activated(t: ExecutionContext, number: number): Promise<Server> {
  const command = `LISTEN_FDS=1 LISTEN_PID=$$ exec ${process.execPath} ${PROGRAM} echo --json --domains 2`
  const stdio = ['ignore' as const, 'pipe' as const, 'pipe' as const, number]
  return listens(t, new Process(t, '/bin/sh', ['-c', command], {}, stdio), 2)
}

test('a listener in the file system is served too; more than one is refused', async (t) => {
  const folder = mkdtempSync(join(sockets, 'miou-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'socket')
  await Miou.run(
    function* () {
      const listener = Unix.Ownership.unixSocket()
      Unix.Ownership.bindAndListen(listener, { path })
      const number = Unix.toFileDescr(listener)
      const { process } = yield* until(activated(t, number))
      t.is(JSON.parse(process.stdout.split('\n')[0]!).path, path)
      for (let i = 0; i < 10; i++) {
        using client = Unix.unixSocket()
        yield* Unix.connect(client, { path })
        yield* Unix.write(client, 'by path')
        const got = Buffer.alloc(7)
        yield* Unix.reallyRead(client, got)
        t.is(got.toString(), 'by path')
      }
      process.kill('SIGTERM')
      t.is(sums(report(t, yield* until(process.ended))).connections, 10)

      const command = `LISTEN_FDS=2 LISTEN_PID=$$ exec ${globalThis.process.execPath} ${PROGRAM} echo`
      const two = new Process(t, '/bin/sh', ['-c', command], {}, ['ignore', 'pipe', 'pipe', number, number])
      const { code, stderr } = yield* until(two.ended)
      t.is(code, 1)
      t.is(stderr, 'miou: LISTEN_FDS: one listener is served, not 2\n')
      Unix.Ownership.close(listener)
    },
    { domains: 0 },
  )
})

test('a listener that it inherits is served on every domain, and restarting behind it loses nobody', async (t) => {
  await withListener(async (number, port) => {
    let server = await activated(t, number)
    t.is(server.port, port)
    const visitors = new Visitors(port, 10)
    let served = 0
    for (let restart = 0; restart < 4; restart++) {
      await visitors.more(50)
      const next = activated(t, number)
      // The next one is there before this one ends, or not.
      if (restart % 2 === 0) await next
      served += sums(await stop(t, server)).connections
      server = await next
    }
    await visitors.more(50)
    await visitors.end()
    served += sums(await stop(t, server)).connections
    t.is(served, visitors.count)
    t.log(`${visitors.count} connections over four restarts`)
  })
})
