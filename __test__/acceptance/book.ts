import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { hashFile, serve } from '../programs/serving.js'
import { test } from '../support/case.js'
import { listening, readAll } from '../support/loopback.js'
import { AT_ONCE } from '../support/promptly.js'
import { isError, rejects } from '../support/refusal.js'
import { promised, reaches, words } from '../support/waiting.js'

const alone = { domains: 0 }
const Socket = Unix.Ownership

type Steps<T> = Generator<Miou.Suspension, T>
type Host = { host: string; port: number }

/* The servers of Miou's book and tutorial. */

function* echoOnce(client: Unix.FileDescr): Steps<void> {
  const buffer = new Uint8Array(0x100)
  for (let n = yield* Unix.read(client, buffer); n > 0; n = yield* Unix.read(client, buffer)) {
    yield* Unix.write(client, buffer, { len: n })
  }
  Unix.close(client)
}

/** Sends a line, half-closes, and gives what comes back. */
function* ask(address: Host, line: string): Steps<string> {
  using fd = Unix.tcpv4()
  yield* Unix.connect(fd, address)
  yield* Unix.write(fd, line)
  Unix.shutdown(fd, 'write')
  return String(yield* readAll(fd))
}

test('B08: an echo server gives a client its line back and closes', async (t) => {
  await Miou.run(function* () {
    const [listener, address] = listening()
    const server = Miou.async(function* () {
      const [client] = yield* Unix.accept(listener)
      yield* echoOnce(client)
    })
    t.is(yield* ask(address, 'Hello World!\n'), 'Hello World!\n')
    yield* server
    Unix.close(listener)
  }, alone)
})

test('B09: a client that stays silent keeps no other waiting', async (t) => {
  await Miou.run(function* () {
    const [listener, address] = listening()
    const server = Miou.async(function* () {
      const handlers = Miou.orphans<void>()
      for (let i = 0; i < 2; i++) {
        const [client] = yield* Unix.accept(listener)
        Miou.async(() => echoOnce(client), { orphans: handlers })
      }
      yield* Miou.drain(handlers)
    })
    const silent = Unix.tcpv4()
    yield* Unix.connect(silent, address)
    const start = performance.now()
    t.is(yield* ask(address, 'at once'), 'at once')
    t.true(performance.now() - start < AT_ONCE)
    Unix.close(silent)
    yield* server
    Unix.close(listener)
  }, alone)
})

test('B10: echo servers on all domains and one address: 200 connections, all answered, by more than one domain', async (t) => {
  await Miou.run(
    function* () {
      const probe = Unix.tcpv4()
      Unix.bindAndListen(probe, { host: '127.0.0.1', port: 0 })
      const { port } = Unix.address(probe) as Host
      Unix.close(probe)
      const served = words(8)
      const servers = [0, 1, 2].map((n) =>
        n === 0 ? Miou.async(() => serve(port, served, n)) : Miou.call(serve, [port, served, n]),
      )
      yield* reaches(served, 7, 3)
      const clients = Array.from({ length: 200 }, (_, n) =>
        Miou.async(() => ask({ host: '127.0.0.1', port }, `client ${n}`)),
      )
      for (const [n, client] of clients.entries()) t.is(yield* client, `client ${n}`)
      for (const server of servers) yield* Miou.cancel(server)
      const counts = [...served.subarray(0, 3)]
      t.is(
        counts.reduce((a, b) => a + b),
        200,
      )
      t.true(counts.filter((served) => served > 0).length > 1, `${counts}`)
    },
    { domains: 2 },
  )
})

test('B11: a handler that owns its client and forgets to close it ends the run; the descriptor is closed', async (t) => {
  let answer: Promise<string> | undefined
  const run = Miou.run(function* () {
    const listener = Socket.tcpv4()
    Socket.bindAndListen(listener, { host: '127.0.0.1', port: 0 })
    const address = Unix.address(listener) as Host
    answer = Miou.run(() => ask(address, ''), alone)
    const [client] = yield* Socket.accept(listener)
    const handler = Miou.async(
      function* () {
        yield* Socket.write(client, 'hello')
      },
      { give: [Socket.resource(client)] },
    )
    yield* handler
  }, alone)
  await rejects(t, run, Miou.ResourceLeaked)
  t.is(await answer, 'hello', 'and then the end')
})

test('B12: a handler that throws loses its client to the finaliser, and the server goes on', async (t) => {
  await Miou.run(function* () {
    const listener = Socket.tcpv4()
    Socket.bindAndListen(listener, { host: '127.0.0.1', port: 0 })
    const address = Unix.address(listener) as Host
    const serving = function* (): Steps<Miou.Result<void>[]> {
      const handlers = Miou.orphans<void>()
      for (let i = 0; i < 4; i++) {
        const [client] = yield* Socket.accept(listener)
        Miou.async(
          function* () {
            if (i % 2) throw new Error('a handler')
            yield* echoOnce(client)
          },
          { give: [Socket.resource(client)], orphans: handlers },
        )
      }
      Socket.close(listener)
      return yield* Miou.drain(handlers)
    }
    const server = Miou.async(serving, { give: [Socket.resource(listener)] })
    const answers: string[] = []
    for (let i = 0; i < 4; i++) {
      try {
        answers.push(yield* ask(address, 'line'))
      } catch (error) {
        t.regex((error as NodeJS.ErrnoException).code!, /^(ECONNRESET|ENOTCONN|EPIPE)$/)
        answers.push('')
      }
    }
    t.deepEqual(answers, ['line', '', 'line', ''])
    t.deepEqual((yield* server).map((result) => result.ok).sort(), [false, false, true, true])
  }, alone)
})

test('B13: a child may not accept on a listener that it was not given', async (t) => {
  await Miou.run(function* () {
    const listener = Socket.tcpv4()
    Socket.bindAndListen(listener, { host: '127.0.0.1', port: 0 })
    const result = yield* Miou.await(Miou.async(() => Socket.accept(listener)))
    isError(t, result.ok || result.error, Miou.NotOwner)
    Socket.close(listener)
  }, alone)
})

test('B17: rounds of 100 clients at once, all of them answered, then a stop in order', async (t) => {
  await Miou.run(function* () {
    const [listener, address] = listening({ backlog: 512 })
    const server = Miou.async(function* () {
      const handlers = Miou.orphans<void>()
      try {
        for (;;) {
          for (let task = Miou.care(handlers); task; task = Miou.care(handlers)) yield* task
          const [client] = yield* Unix.accept(listener)
          Miou.async(() => echoOnce(client), { orphans: handlers })
        }
      } finally {
        yield* Miou.shield(() => Miou.drain(handlers))
      }
    })
    const end = performance.now() + 1000
    for (let round = 0; performance.now() < end; round++) {
      const clients = Array.from({ length: 100 }, (_, n) => Miou.async(() => ask(address, `${round} ${n}`)))
      for (const [n, client] of clients.entries()) t.is(yield* client, `${round} ${n}`)
    }
    yield* Miou.cancel(server)
    Unix.close(listener)
  }, alone)
})

test('T02: a tree of files hashed with async for each directory and call for each file is what a sequential hash is', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'miou-merkle-'))
  try {
    await plant(root, 2)
    const hash = await Miou.run(() => hashTree(root), { domains: 3 })
    t.is(hash, await hashSequentially(root))
  } finally {
    await rm(root, { recursive: true })
  }
})

async function plant(directory: string, depth: number): Promise<void> {
  for (let n = 0; n < 3; n++) {
    await writeFile(join(directory, `file ${n}`), `${directory} ${n}`.repeat(100))
    if (depth === 0) continue
    const below = join(directory, `directory ${n}`)
    await mkdir(below)
    await plant(below, depth - 1)
  }
}

function combined(hashes: string[]): string {
  return createHash('sha256').update(hashes.join('\n')).digest('hex')
}

function* hashTree(directory: string): Steps<string> {
  const entries = yield* promised(readdir(directory, { withFileTypes: true }))
  entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  const tasks: Miou.Task<string>[] = []
  for (const entry of entries) {
    const path = join(directory, entry.name)
    tasks.push(entry.isDirectory() ? Miou.async(() => hashTree(path)) : Miou.call(hashFile, [path]))
  }
  const hashes: string[] = []
  for (const task of tasks) hashes.push(yield* task)
  return combined(hashes)
}

async function hashSequentially(directory: string): Promise<string> {
  const entries = await readdir(directory, { withFileTypes: true })
  entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  const hashes: string[] = []
  for (const entry of entries) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) hashes.push(await hashSequentially(path))
    else
      hashes.push(
        createHash('sha256')
          .update(await readFile(path))
          .digest('hex'),
      )
  }
  return combined(hashes)
}
