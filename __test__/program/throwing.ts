import { test } from '../support/case.js'
import { Client } from '../support/client.js'
import { sockets } from '../support/echo.js'
import { program } from '../support/process.js'

test('a handler that throws loses its descriptor to its finaliser, and the server goes on', async (t) => {
  const server = program(t, 'throwing')
  const port = Number(await server.line(0))
  const witness = await Client.connect(port)
  t.true(await witness.echoes('before'))
  const before = sockets(server.pid)
  for (let i = 0; i < 19; i++) {
    const client = await Client.connect(port)
    t.true(await client.echoes('hello'))
    client.send('throw')
    t.is((await client.rest()).length, 0, 'its connection is closed')
    client.end()
    t.true(await witness.echoes(`after ${i}`))
  }
  t.is(sockets(server.pid), before)
  const last = await Client.connect(port)
  t.true(await last.echoes('hello'))
  last.end()
  witness.end()
  const { code, stdout, stderr } = await server.ended
  t.is(stderr, '')
  t.is(stdout.split('\n')[1], '19 failed')
  t.is(code, 0)
})
