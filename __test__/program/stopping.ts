import { once } from 'node:events'
import { connect } from 'node:net'
import type { ExecutionContext } from 'ava'
import { test } from '../support/case.js'
import { Client, clients } from '../support/client.js'
import { report, type Server, serving, sockets, stop, total } from '../support/echo.js'
import { program } from '../support/process.js'
import { AT_ONCE } from '../support/promptly.js'

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Waits until nobody is accepted any more. */
async function refuses(t: ExecutionContext, port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const socket = connect({ port, host: '127.0.0.1' })
    const outcome = await Promise.race([
      once(socket, 'close').then(() => 'closed'),
      once(socket, 'connect').then(() => 'connected'),
    ]).catch((error) => error.code)
    socket.destroy()
    if (outcome === 'ECONNREFUSED') return
    await pause(10)
  }
  t.fail('it still listens')
}

/** Checks how many connections a server holds; its listeners are closed. */
async function holds(t: ExecutionContext, server: Server, count: number): Promise<void> {
  if (sockets(server.process.pid) === undefined) return
  for (let attempt = 0; attempt < 200 && sockets(server.process.pid) !== count; attempt++) await pause(10)
  t.is(sockets(server.process.pid), count)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  for (const domains of [1, 3]) {
    test(`${signal} ends an idle server on ${domains} domains in order`, async (t) => {
      const { process } = await serving(t, domains)
      process.kill(signal)
      t.deepEqual(
        report(t, await process.ended).map(({ connections, bytes, failed }) => ({ connections, bytes, failed })),
        new Array(domains).fill({ connections: 0, bytes: 0, failed: 0 }),
      )
    })
  }

  test(`${signal} between two accepts ends the server in order`, async (t) => {
    const server = await serving(t)
    for (let i = 0; i < 20; i++) {
      const client = await Client.connect(server.port)
      t.true(await client.echoes(`client ${i}`))
      client.end()
      t.is((await client.rest()).length, 0)
    }
    server.process.kill(signal)
    t.is(total(report(t, await server.process.ended)).connections, 20)
  })

  test(`${signal} with 50 live clients in the middle of messages: nobody new is accepted, those are served to their end`, async (t) => {
    const server = await serving(t, 3)
    const live = await clients(50, server.port)
    let bytes = 0
    const say = async (text: string): Promise<void> => {
      const answers = await Promise.all(live.map((client, index) => client.echoes(`${text} of ${index}`)))
      t.true(answers.every((answer) => answer))
      for (let index = 0; index < live.length; index++) bytes += `${text} of ${index}`.length
    }
    await say('before')
    for (const client of live) client.send('half a ')
    server.process.kill(signal)
    await refuses(t, server.port)
    for (const client of live) client.send('message')
    for (const client of live) t.is((await client.take(14)).toString(), 'half a message')
    bytes += 50 * 14
    await say('after')
    await holds(t, server, 50)
    for (const client of live.slice(10)) client.end()
    await holds(t, server, 10)
    for (const client of live.slice(0, 10)) t.true(await client.echoes('still here'))
    bytes += 10 * 10
    for (const client of live.slice(0, 10)) client.end()
    const served = report(t, await server.process.ended)
    // Besides those 50, attempts that found the door still open.
    const { connections, failed, bytes: all } = total(served)
    t.true(connections >= 50)
    t.is(failed, 0)
    t.is(all, bytes)
  })

  test(`a second ${signal} ends the process at once, with 130`, async (t) => {
    const server = await serving(t)
    const client = await Client.connect(server.port)
    t.true(await client.echoes('hello'))
    server.process.kill(signal)
    await refuses(t, server.port)
    await pause(150)
    t.true(await client.echoes('still here'))
    client.socket.on('error', () => {})
    const started = performance.now()
    server.process.kill(signal)
    const { code, stderr } = await server.process.ended
    t.is(code, 130)
    t.is(stderr, '')
    t.true(performance.now() - started < AT_ONCE)
  })
}

test('one ^C that arrives more than once, as it does through npm, is one signal', async (t) => {
  const server = await serving(t)
  const client = await Client.connect(server.port)
  t.true(await client.echoes('hello'))
  server.process.kill('SIGINT')
  server.process.kill('SIGTERM')
  await pause(5)
  server.process.kill('SIGINT')
  await refuses(t, server.port)
  t.true(await client.echoes('still here'))
  client.end()
  t.is(total(report(t, await server.process.ended)).failed, 0)
})

test('a signal that comes again while an idle server ends does not end it otherwise', async (t) => {
  const { process } = await serving(t)
  process.kill('SIGINT')
  for (let i = 0; i < 20; i++) {
    await pause(1)
    process.kill('SIGINT')
  }
  t.is(report(t, await process.ended).length, 2)
})

test('clients that wait in the backlog when the signal comes are served as well', async (t) => {
  const server = await serving(t)
  // Stopped, it accepts nobody: the system completes the connections and keeps them.
  server.process.kill('SIGSTOP')
  const waiting = await clients(100, server.port)
  for (const [index, client] of waiting.entries()) client.send(`client ${index}`)
  server.process.kill('SIGINT')
  server.process.kill('SIGCONT')
  const answers = await Promise.all(waiting.map((client, index) => client.take(`client ${index}`.length)))
  for (const [index, answer] of answers.entries()) t.is(answer.toString(), `client ${index}`)
  for (const client of waiting) client.end()
  t.is(total(report(t, await server.process.ended)).connections, 100)
})

test('newcomers do not keep a server from stopping', async (t) => {
  const server = await serving(t)
  let stopping = false
  let refused = 0
  const flood = Array.from({ length: 20 }, async () => {
    while (!stopping) {
      try {
        const client = await Client.connect(server.port)
        await client.echoes('hello')
        client.end()
        await client.rest()
      } catch {
        refused++
        await pause(5)
      }
    }
  })
  await pause(200)
  const served = await stop(t, server)
  stopping = true
  await Promise.all(flood)
  t.true(total(served).connections > 0)
  t.true(refused > 0)
})

test('the command says in words what each domain served', async (t) => {
  const server = program(t, '../../dist/program', ['echo', '--port', '0', '--domains', '2'])
  const port = Number(/port (\d+)/.exec(await server.line(0))![1])
  t.regex(await server.line(1), new RegExp(`nc 127\\.0\\.0\\.1 ${port}`))
  const client = await Client.connect(port)
  t.true(await client.echoes('12345'))
  client.end()
  await client.rest()
  server.kill('SIGINT')
  const { code, stdout, stderr } = await server.ended
  t.is(code, 0)
  t.is(stderr, '')
  const lines = stdout.trimEnd().split('\n').slice(2).sort()
  t.is(lines.length, 2)
  t.regex(lines[0]!, /^domain \d+: [01] connections?, [05] bytes$/)
  t.regex(lines.join('\n'), /1 connection, 5 bytes/)
})
