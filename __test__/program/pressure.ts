import { test } from '../support/case.js'
import { Client, clients } from '../support/client.js'
import { memory, serving, stop, total } from '../support/echo.js'
import { AT_ONCE } from '../support/promptly.js'

const MEGABYTE = 1 << 20

/** What a client sends that never reads. */
const SENT = Number(process.env.MIOU_TEST_MEGABYTES ?? 256) * MEGABYTE

test('clients that send without end and never read do not grow the memory, and the others do not notice', async (t) => {
  const server = await serving(t, 1)
  const others = await clients(20, server.port)
  t.true((await Promise.all(others.map((other) => other.echoes('warm up')))).every((same) => same))
  const before = memory(server.process.pid) ?? 0

  const deaf = await clients(4, server.port)
  const piece = Buffer.alloc(MEGABYTE, 'x')
  let taken = 0
  for (const client of deaf) {
    client.socket.pause()
    for (let sent = 0; sent < SENT / deaf.length; sent += piece.length) client.send(piece)
  }
  let slowest = 0
  for (let round = 0; round < 200; round++) {
    const started = performance.now()
    t.true((await Promise.all(others.map((other) => other.echoes(`round ${round}`)))).every((same) => same))
    slowest = Math.max(slowest, performance.now() - started)
  }
  for (const client of deaf) taken += client.socket.bytesWritten - client.socket.writableLength
  const grown = (memory(server.process.pid) ?? before) - before
  t.log(
    `${taken / MEGABYTE} of ${SENT / MEGABYTE} MiB taken, ${grown / MEGABYTE} MiB more memory; a round of 20 took ${Math.round(slowest)} ms at the most`,
  )
  t.true(grown < 64 * MEGABYTE, `the memory grew by ${grown} bytes`)
  t.true(slowest < AT_ONCE, `a round of the others took ${slowest} ms`)

  for (const client of deaf) client.reset()
  for (const other of others) other.end()
  const { connections, failed } = total(await stop(t, server))
  t.is(connections, 24)
  t.is(failed, 4)
})

test('a client that reads slowly gets everything, and the memory stays flat', async (t) => {
  const server = await serving(t, 1)
  const client = await Client.connect(server.port)
  t.true(await client.echoes('warm up'))
  const before = memory(server.process.pid) ?? 0
  let most = before
  let received = 0
  client.socket.removeAllListeners('data')
  client.socket.on('data', (bytes) => {
    received += bytes.length
  })
  const piece = Buffer.alloc(MEGABYTE, 'x')
  for (let sent = 0; sent < 128; sent++) {
    client.send(piece)
    if (sent % 16 === 0) {
      client.socket.pause()
      await new Promise((resolve) => setTimeout(resolve, 20))
      client.socket.resume()
      most = Math.max(most, memory(server.process.pid) ?? 0)
    }
  }
  client.end()
  await client.rest()
  t.is(received, 128 * MEGABYTE)
  t.true(most - before < 64 * MEGABYTE, `the memory grew by ${most - before} bytes`)
  t.is(total(await stop(t, server)).failed, 0)
})

test("a client that resets in the middle ends that client's task alone", async (t) => {
  const server = await serving(t, 1)
  const others = await clients(10, server.port)
  for (let round = 0; round < 10; round++) {
    const rude = await clients(5, server.port)
    t.true((await Promise.all(rude.map((client) => client.echoes('hello')))).every((same) => same))
    for (const client of rude) {
      client.send(Buffer.alloc(100_000))
      client.reset()
    }
    t.true((await Promise.all(others.map((other) => other.echoes(`round ${round}`)))).every((same) => same))
  }
  for (const other of others) other.end()
  const { connections, failed } = total(await stop(t, server))
  t.is(connections, 60)
  t.true(failed > 0 && failed <= 50, `${failed} failed`)
})
