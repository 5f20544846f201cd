import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import type { ExecutionContext } from 'ava'
import { test } from '../support/case.js'
import { serving, stop } from '../support/echo.js'
import { miou } from '../support/process.js'
import { AT_ONCE } from '../support/promptly.js'

/** Checks that `miou` says one clear line and ends with that code: no stack trace, and no thread that goes on. */
async function fails(t: ExecutionContext, args: string[], expected: number, says: RegExp): Promise<void> {
  const started = performance.now()
  const { code, signal, stdout, stderr } = await miou(t, args).ended
  t.is(signal, null)
  t.is(code, expected, stderr)
  t.is(stdout, '')
  t.regex(stderr, /^miou: [^\n]+\n$/, 'it is not one line')
  t.regex(stderr, says)
  t.notRegex(stderr, /\bat .*:\d+|node:internal/)
  t.true(performance.now() - started < AT_ONCE)
}

test('a port in use is one clear line and exit code 1', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  for (const domains of ['1', '3']) {
    await fails(t, ['echo', '--port', String(port), '--domains', domains], 1, new RegExp(`${port}.*in use`))
  }
  taken.close()
})

test('a second miou echo on the same port is refused too', async (t) => {
  const server = await serving(t)
  await fails(t, ['echo', '--port', String(server.port)], 1, /in use/)
  await stop(t, server)
})

test('an address that is not of this machine is one clear line and exit code 1', async (t) => {
  await fails(t, ['echo', '--host', '203.0.113.7', '--port', '0'], 1, /203\.0\.113\.7 is no address of this machine/)
})

test('a name that nobody knows is one clear line and exit code 1', async (t) => {
  await fails(t, ['echo', '--host', 'no-such-host.invalid', '--port', '0'], 1, /no-such-host\.invalid is not known/)
})

for (const [args, says] of [
  [['echo', '--port', 'http'], /--port takes a whole number from 0 to 65535, not "http"/],
  [['echo', '--port', '65536'], /--port/],
  [['echo', '--port', '-1'], /--port/],
  [['echo', '--port', '1.5'], /--port/],
  [['echo', '--port'], /--port/],
  [['echo', '--port', ''], /--port/],
  [['echo', '--domains', '0'], /--domains takes a whole number from 1 to 1000/],
  [['echo', '--domains', 'many'], /--domains/],
  [['echo', '--host', ''], /--host/],
  [['echo', '--json=yes'], /--json/],
  [['echo', '--max-connections', '0'], /--max-connections takes a whole number from 1/],
  [['echo', '--max-connections', 'all'], /--max-connections/],
  [['echo', '--idle-timeout', '0'], /--idle-timeout takes a whole number from 1/],
  [['echo', '--total-timeout', '1s'], /--total-timeout/],
  [['echo', '--drain', '-1'], /--drain/],
  [['echo', '--grace', 'long'], /--grace/],
  [['echo', '--health-port', '0'], /--health-port takes a whole number from 1 to 65535/],
  [['echo', '--proxy-protocol=yes'], /--proxy-protocol/],
  [['echo', '--nonsense'], /--nonsense/],
  [['echo', 'somewhere'], /somewhere/],
  [['info', '--port', '3'], /--port/],
  [['info', 'more'], /more/],
  [['toString'], /there is no command "toString"/],
  [['--verbose'], /there is no command "--verbose"/],
] as [string[], RegExp][]) {
  test(`wrong usage is one clear line and exit code 2: miou ${args.map((arg) => arg || "''").join(' ')}`, async (t) => {
    await fails(t, args, 2, says)
  })
}
