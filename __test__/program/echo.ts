import { spawnSync } from 'node:child_process'
import { Client, clients } from '../support/client.js'
import { serving, stop, total } from '../support/echo.js'
import { mostDescriptors } from '../support/machine.js'
import { AT_ONCE } from '../support/promptly.js'
import { Process } from '../support/process.js'
import { test } from '../support/case.js'

/** Bytes of one client in one round: their length and their content are its own. */
function own(client: number, round: number): Buffer {
  const bytes = Buffer.alloc(1 + ((client * 7919 + round * 104729) % 40_000))
  for (let i = 0; i < bytes.length; i++) bytes[i] = (client * 31 + round * 17 + i * 13 + (i >> 8)) & 255
  return bytes
}

test('100 clients at once, ten rounds, that half-close: each gets exactly its bytes back, and every domain serves some', async (t) => {
  const server = await serving(t, 3)
  let bytes = 0
  for (let round = 0; round < 10; round++) {
    const sent = Array.from({ length: 100 }, (_, client) => own(client, round))
    const connected = await clients(100, server.port)
    const received = await Promise.all(
      connected.map(async (client, index) => {
        client.send(sent[index]!)
        client.end()
        return client.rest()
      }),
    )
    for (let i = 0; i < 100; i++) {
      bytes += sent[i]!.length
      t.true(sent[i]!.equals(received[i]!), `client ${i} of round ${round} got other bytes`)
    }
  }
  const served = await stop(t, server)
  t.is(served.length, 3)
  for (const { domain, connections } of served) t.true(connections > 0, `domain ${domain} served nobody`)
  t.deepEqual(total(served), { connections: 1000, bytes, failed: 0 })
})

test('100 nc at once, ten rounds: each gets exactly its bytes back', async (t) => {
  if (spawnSync('nc', ['-h']).error !== undefined) {
    t.log('there is no nc here')
    t.pass()
    return
  }
  const server = await serving(t)
  let bytes = 0
  for (let round = 0; round < 10; round++) {
    await Promise.all(
      Array.from({ length: 100 }, async (_, client) => {
        const text = own(client, round).toString('hex')
        const nc = new Process(t, 'nc', ['-N', '-w', '20', '127.0.0.1', String(server.port)])
        nc.child.stdin!.end(text)
        const { code, stdout } = await nc.ended
        t.is(code, 0)
        t.true(stdout === text, `nc ${client} of round ${round} got other bytes`)
        bytes += text.length
      }),
    )
  }
  t.deepEqual(total(await stop(t, server)), { connections: 1000, bytes, failed: 0 })
})

test('1 000 clients that connect at the same moment are all answered within 3 s', async (t) => {
  const server = await serving(t)
  const count = Math.min(1000, mostDescriptors() - 200)
  const took: number[] = []
  // A busy machine may hold them up.
  while (!(took.at(-1)! < 3000) && took.length < 5) {
    const started = performance.now()
    const answered = await Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const client = await Client.connect(server.port)
        return { client, same: await client.echoes(`client ${index}`) }
      }),
    )
    took.push(Math.round(performance.now() - started))
    for (const { client } of answered) client.end()
    for (const { client } of answered) await client.rest()
    for (const { client } of answered) client.socket.destroy()
    t.true(answered.every(({ same }) => same))
  }
  t.log(`${count} in ${took} ms`)
  t.true(took.at(-1)! < 3000, `not one time of ${took} ms`)
  t.is(total(await stop(t, server)).connections, count * took.length)
})

test('new clients are let in while others keep the server busy', async (t) => {
  const server = await serving(t, 1)
  const busy = await clients(100, server.port)
  let stopping = false
  let rounds = 0
  const load = busy.map(async (client) => {
    while (!stopping) {
      if (!(await client.echoes('x'.repeat(64)))) return false
      rounds++
    }
    client.end()
    return true
  })
  const started = performance.now()
  const guests = await clients(200, server.port)
  for (const ok of await Promise.all(guests.map((guest) => guest.echoes('guest')))) t.true(ok)
  const ms = performance.now() - started
  stopping = true
  for (const ok of await Promise.all(load)) t.true(ok)
  for (const guest of guests) guest.end()
  t.log(`200 guests in ${Math.round(ms)} ms, ${rounds} messages of others meanwhile`)
  t.true(rounds > 200, 'those that were there go on being served')
  t.true(ms < AT_ONCE, `it took ${ms} ms`)
  await stop(t, server)
})

test('a client that sends a lot before it reads gets all of it back', async (t) => {
  const server = await serving(t)
  const client = await Client.connect(server.port)
  client.socket.pause()
  const sent = Buffer.alloc(20 << 20, own(1, 1))
  client.send(sent)
  client.end()
  await new Promise((resolve) => setTimeout(resolve, 100))
  client.socket.resume()
  t.true(sent.equals(await client.rest()))
  t.deepEqual(total(await stop(t, server)), { connections: 1, bytes: sent.length, failed: 0 })
})
