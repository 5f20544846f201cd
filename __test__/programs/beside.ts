import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { promised } from '../support/waiting.js'

/* An echo server on domain 0, at full speed, and beside it what Node itself does there. Prints how far each came, and how much of the
 * processor, in ms, it had for that. */

const MS = Number(process.argv[2] ?? 1500)
const CONNECTIONS = 50

type Steps<T> = Generator<Miou.Suspension, T>

function* echo(client: Unix.FileDescr): Steps<void> {
  const buffer = Buffer.alloc(4096)
  for (let n = yield* Unix.read(client, buffer); n > 0; n = yield* Unix.read(client, buffer)) {
    yield* Unix.write(client, buffer, { len: n })
  }
  Unix.close(client)
}

function* client(port: number, id: number, end: number): Steps<number> {
  const fd = Unix.tcpv4()
  yield* Unix.connect(fd, { host: '127.0.0.1', port })
  const sent = Buffer.alloc(64, `client ${id} `)
  const received = Buffer.alloc(64)
  let messages = 0
  while (performance.now() < end) {
    yield* Unix.write(fd, sent)
    yield* Unix.reallyRead(fd, received)
    if (!sent.equals(received)) throw new Error(`client ${id} got other bytes`)
    messages++
  }
  Unix.close(fd)
  return messages
}

/** 50 connections that never pause; how many messages came back. */
const load = Miou.portable(import.meta, function* load(port: number): Steps<number> {
  const end = performance.now() + MS
  const tasks = Array.from({ length: CONNECTIONS }, (_, id) => Miou.async(() => client(port, id, end)))
  let messages = 0
  for (const result of yield* Miou.awaitAll(tasks)) {
    if (!result.ok) throw result.error
    messages += result.value
  }
  return messages
})

/** Does something again and again; returns what stops it and says how often it was done. */
function repeat(step: () => Promise<unknown>): () => Promise<number> {
  let stopping = false
  let count = 0
  const over = (async () => {
    for (; !stopping; count++) await step()
  })()
  return async () => {
    stopping = true
    await over
    return count
  }
}

/** Node's own things on this thread; returns what stops them and says how far each came. */
async function beside(): Promise<() => Promise<object>> {
  const http = createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1')
  await once(http, 'listening')
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/`
  const folder = await mkdtemp(join(tmpdir(), 'miou-beside-'))
  const file = join(folder, 'file')
  const fetching = repeat(async () => {
    if ((await (await fetch(url)).text()) !== 'hello') throw new Error('another answer')
  })
  const filing = repeat(async () => {
    await writeFile(file, 'hello')
    if ((await readFile(file, 'utf8')) !== 'hello') throw new Error('another file')
  })
  let ticks = 0
  const interval = setInterval(() => ticks++, 10)
  return async () => {
    clearInterval(interval)
    const fetches = await fetching()
    const files = await filing()
    http.close()
    http.closeAllConnections()
    await rm(folder, { recursive: true })
    return { ticks, fetches, files }
  }
}

function* main(): Steps<void> {
  const listener = Unix.tcpv4()
  Unix.bindAndListen(listener, { host: '127.0.0.1', port: 0 })
  const { port } = Unix.address(listener) as { port: number }
  const end = yield* promised(beside())
  const before = process.cpuUsage()
  const loading = Miou.call(load, [port])
  const serving: Miou.Task<void>[] = []
  for (let i = 0; i < CONNECTIONS; i++) {
    const [accepted] = yield* Unix.accept(listener)
    serving.push(Miou.async(() => echo(accepted)))
  }
  Unix.close(listener)
  const messages = yield* loading
  yield* Miou.awaitAll(serving)
  const { user, system } = process.cpuUsage(before)
  const cpu = Math.round((user + system) / 1000)
  Miou.print(JSON.stringify({ ms: MS, cpu, messages, ...(yield* promised(end())) }))
}

await Miou.main(import.meta, main, { domains: 1 })
