import type { StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import type { ExecutionContext } from 'ava'
import { test } from '../support/case.js'
import { Client, connected, freePort } from '../support/client.js'
import { built, Process } from '../support/process.js'
import { testWith } from '../support/tool.js'

const PROGRAM = built('dist-test/programs/activated.js')

/** The number of a listener of Node's. */
function number(server: Server): number {
  return (server as unknown as { _handle: { fd: number } })._handle.fd
}

async function listener(t: ExecutionContext): Promise<Server & { port: number }> {
  const server = createServer().listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  return Object.assign(server, { port: (server.address() as { port: number }).port })
}

/** Starts the program as a service manager would, with these variables; `$$` is its own process id. */
function activated(t: ExecutionContext, variables: string, ...inherited: Server[]): Process {
  const stdio: StdioOptions = ['ignore', 'pipe', 'pipe', ...inherited.map(number)]
  return new Process(t, '/bin/sh', ['-c', `${variables} exec ${process.execPath} ${PROGRAM}`], {}, stdio)
}

/** `LISTEN_FDS` is systemd's: a case for Linux. */
function linux(title: string, body: (t: ExecutionContext) => Promise<void>): void {
  test(title, async (t) => {
    if (process.platform === 'linux') return body(t)
    t.log('skipped: systemd is for Linux')
    t.pass()
  })
}

linux(
  'sockets that were opened for this process are taken over, in order, and nobody else inherits them',
  async (t) => {
    const [first, second] = [await listener(t), await listener(t)]
    const program = activated(t, 'LISTEN_FDS=2 LISTEN_PID=$$ LISTEN_FDNAMES=a:b', first, second)
    const { addresses, flags, again, left } = JSON.parse(await program.line(0))
    t.deepEqual(
      addresses.map(({ port }: { port: number }) => port),
      [first.port, second.port],
    )
    const CLOSE_ON_EXEC = 0o2000000
    for (const word of flags) t.true((Number.parseInt(word, 8) & CLOSE_ON_EXEC) !== 0)
    t.is(again, 0, 'a second call gives none')
    t.deepEqual(left, [])
    // Node's own listener accepts no more: what is left to answer is the program.
    first.close()
    const client = await Client.connect(first.port)
    t.is((await client.rest()).toString(), 'activated')
    client.end()
    const { code, stdout, stderr } = await program.ended
    t.is(code, 0, stderr)
    t.is(stdout.split('\n')[1], 'ERR_MIOU_INVALID_ARGUMENT', 'another thread is refused')
  },
)

for (const [why, variables] of [
  ['the variables are not there', ''],
  ['they are meant for another process', 'LISTEN_FDS=1 LISTEN_PID=1'],
  ['they do not say for which', 'LISTEN_FDS=1'],
  ['there are none', 'LISTEN_FDS=0 LISTEN_PID=$$'],
]) {
  linux(`nothing is taken over where ${why}`, async (t) => {
    const program = activated(t, variables!, await listener(t))
    t.deepEqual(JSON.parse(await program.line(0)).addresses, [])
    t.is((await program.ended).code, 0)
  })
}

for (const [count, says] of [
  ['many', /LISTEN_FDS/],
  ['-1', /LISTEN_FDS/],
  ['100000', /LISTEN_FDS/],
  ['50', /EBADF|is no socket/],
] as const) {
  linux(`LISTEN_FDS=${count}, which can not be, is an error`, async (t) => {
    const { code, stderr } = await activated(t, `LISTEN_FDS=${count} LISTEN_PID=$$`, await listener(t)).ended
    t.is(code, 1)
    t.regex(stderr, says)
  })
}

testWith(['systemd-socket-activate'], 'systemd-socket-activate starts it at the first connection', async (t) => {
  const port = await freePort()
  const arguments_ = ['--listen', `127.0.0.1:${port}`, process.execPath, PROGRAM]
  const manager = new Process(t, 'systemd-socket-activate', arguments_)
  const client = await connected(port)
  t.is((await client.rest()).toString(), 'activated')
  client.end()
  t.is((await manager.ended).code, 0, manager.stderr)
})
