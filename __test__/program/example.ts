import { availableParallelism } from 'node:os'
import { test } from '../support/case.js'
import { Client, connected, freePort } from '../support/client.js'
import { built, Process } from '../support/process.js'

test('examples/echo.ts serves clients on every domain, and ends in order at SIGINT', async (t) => {
  const port = await freePort()
  const example = new Process(t, process.execPath, [built('dist-examples/echo.js')], { PORT: String(port) })
  t.is(await example.line(0), `nc 127.0.0.1 ${port}`)
  const live: Client[] = []
  for (let i = 0; i < 20; i++) {
    const client = await connected(port)
    t.true(await client.echoes(`client ${i}`))
    live.push(client)
  }
  example.kill('SIGINT')
  await new Promise((resolve) => setTimeout(resolve, 100))
  await t.throwsAsync(Client.connect(port), { code: 'ECONNREFUSED' })
  for (const client of live) {
    t.true(await client.echoes('still here'))
    client.end()
  }
  const { code, stdout, stderr } = await example.ended
  t.is(stderr, '')
  t.is(code, 0)
  const served = [...stdout.matchAll(/^server \d+ served (\d+) clients$/gm)].map(([, count]) => Number(count))
  t.is(served.length, availableParallelism())
  t.is(
    served.reduce((sum, count) => sum + count, 0),
    20,
  )
  t.is([...stdout.matchAll(/^domain \d+ has a client at \{ host: '127\.0\.0\.1', port: \d+ \}$/gm)].length, 20)
})
