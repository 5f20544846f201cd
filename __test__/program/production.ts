import { availableParallelism } from 'node:os'
import type { ExecutionContext } from 'ava'
import { withListener } from '../support/activation.js'
import { test } from '../support/case.js'
import { Client, clients, connected, freePort } from '../support/client.js'
import { built, Process } from '../support/process.js'

const PROGRAM = built('dist-examples/production.js')

/** Starts examples/production.ts with these settings. */
async function started(t: ExecutionContext, settings: Record<string, number>): Promise<[Process, number]> {
  const port = await freePort()
  const entries = Object.entries({ PORT: port, ...settings }).map(([name, value]) => [name, String(value)])
  const server = new Process(t, process.execPath, [PROGRAM], Object.fromEntries(entries))
  const first = await connected(port)
  t.true(settings.PROXY === 1 || (await first.echoes('first')))
  first.end()
  return [server, port]
}

/** Has a server end, and checks that it does so in order; how many clients it says were served, and who was cut off. */
async function stopped(t: ExecutionContext, server: Process): Promise<{ served: number; cut: number }> {
  server.kill('SIGTERM')
  const { code, stdout, stderr } = await server.ended
  t.is(stderr, '')
  t.is(code, 0)
  const counts = [...stdout.matchAll(/^(\d+) clients were served to their end$/gm)].map(([, count]) => Number(count))
  const cut = stdout.match(/^those who were there were cut off$/gm)?.length ?? 0
  t.is(counts.length + cut, availableParallelism(), stdout)
  return { served: counts.reduce((sum, count) => sum + count, 0), cut }
}

test('examples/production.ts serves on every domain, and ends in order with clients that are there', async (t) => {
  const [server, port] = await started(t, { DRAIN: 60_000 })
  const live = await clients(20, port)
  for (const client of live) t.true(await client.echoes('hello'))
  const ended = stopped(t, server)
  for (const client of live) {
    t.true(await client.echoes('still here'))
    client.end()
  }
  t.deepEqual(await ended, { served: 21, cut: 0 })
})

test('examples/production.ts ends silent clients, long ones, and at the deadline all of them', async (t) => {
  const [server, port] = await started(t, { IDLE: 1000, TOTAL: 60_000, DRAIN: 60_000 })
  const silent = await Client.connect(port)
  t.is((await silent.rest()).length, 0)
  t.deepEqual(await stopped(t, server), { served: 2, cut: 0 })

  const [short, second] = await started(t, { TOTAL: 1000 })
  const long = await Client.connect(second)
  t.is((await long.rest()).length, 0)
  t.deepEqual(await stopped(t, short), { served: 2, cut: 0 })

  const [last, third] = await started(t, { DRAIN: 100 })
  const live = await clients(10, third)
  for (const client of live) t.true(await client.echoes('hello'))
  const { cut } = await stopped(t, last)
  t.true(cut >= 1)
  for (const client of live) t.is((await client.rest()).length, 0)
})

test('examples/production.ts lets in as many as there are places, and reads headers of the PROXY protocol', async (t) => {
  const [server, port] = await started(t, { PLACES: 1, PROXY: 1, DRAIN: 60_000 })
  const all = await clients(10, port)
  const answered = all.map(async (client, i) => {
    client.send(`PROXY TCP4 192.0.2.${i} 192.0.2.99 1000 443\r\nhello`)
    t.is((await client.take(5)).toString(), 'hello')
    client.end()
  })
  await Promise.all(answered)
  await stopped(t, server)
  for (let i = 0; i < 10; i++) t.true(server.stdout.includes(`a client at { host: '192.0.2.${i}', port: 1000 }`))
})

test('examples/production.ts serves a listener that it inherits', async (t) => {
  await withListener(async (number, port) => {
    const stdio = ['ignore' as const, 'pipe' as const, 'pipe' as const, number]
    const command = `LISTEN_FDS=1 LISTEN_PID=$$ exec ${process.execPath} ${PROGRAM}`
    const server = new Process(t, '/bin/sh', ['-c', command], {}, stdio)
    for (let i = 0; i < 20; i++) {
      const client = await Client.connect(port)
      t.true(await client.echoes(`client ${i}`))
      client.end()
    }
    t.deepEqual(await stopped(t, server), { served: 20, cut: 0 })
  })
})
