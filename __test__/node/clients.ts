import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import * as Miou from 'miou'
import { toDuplex, until } from 'miou/node'
import * as Unix from 'miou/unix'
import { WebSocket } from 'ws'
import { test } from '../support/case.js'
import { cert, key } from '../support/certificate.js'
import { connected, freePort } from '../support/client.js'
import { built, Process } from '../support/process.js'
import { testWith } from '../support/tool.js'

/* Node's own servers over toDuplex, as in examples, and the clients that people use. */

/** An example has a domain for each processor. */
const DOMAINS = availableParallelism()

/** An example that serves on a free port. */
interface Example {
  port: number
  process: Process
}

/** Starts an example, and returns it when it listens. */
async function example(t: ExecutionContext, name: string, env: NodeJS.ProcessEnv = {}): Promise<Example> {
  const port = await freePort()
  const server = new Process(t, process.execPath, [built(`dist-examples/${name}.js`)], { ...env, PORT: String(port) })
  const first = await connected(port)
  first.socket.destroy()
  return { port, process: server }
}

/** A certificate for localhost, in files. */
function certificate(t: ExecutionContext): { CERT: string; KEY: string } {
  const folder = mkdtempSync(join(tmpdir(), 'miou-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const files = { CERT: join(folder, 'cert.pem'), KEY: join(folder, 'key.pem') }
  writeFileSync(files.CERT, cert)
  writeFileSync(files.KEY, key)
  return files
}

/** Runs a client to its end, which has to be a good one, and returns what it printed. */
async function client(t: ExecutionContext, command: string, args: string[], input = ''): Promise<string> {
  const process = new Process(t, command, args)
  // One that has ended before it is written to is judged by how it ended.
  process.child.stdin!.on('error', () => {}).end(input)
  const { code, stdout, stderr } = await process.ended
  t.is(code, 0, stderr)
  return stdout
}

/** Asks again and again, until every domain has answered; `ask` returns the number of the one that did. */
async function everyDomain(ask: () => Promise<number>): Promise<void> {
  const seen = new Set<number>()
  while (seen.size < DOMAINS) seen.add(await ask())
}

/** The number of the domain that an example says has answered. */
function domainIn(text: string): number {
  const [, number] = /domain (\d+)/.exec(text)!
  return Number(number)
}

testWith(['curl'], 'curl is answered by http on every domain', async (t) => {
  const { port, process } = await example(t, 'http')
  const url = `http://127.0.0.1:${port}`
  t.regex(await client(t, 'curl', ['-sS', '--data-binary', '@-', `${url}/a`], 'x'.repeat(1e6)), /^POST \/a on domain/)
  // One connection for both.
  const two = await client(t, 'curl', ['-sSv', `${url}/1`, `${url}/2`, '--stderr', '-'])
  t.regex(two, /GET \/1 on domain.*Re-using existing connection.*GET \/2 on domain/s)
  await everyDomain(async () => domainIn(await client(t, 'curl', ['-sS', url])))
  t.is(process.stderr, '')
})

testWith(['wrk'], 'wrk finds every answer of http right', async (t) => {
  const { port, process } = await example(t, 'http')
  const said = await client(t, 'wrk', ['-t1', '-c50', '-d1s', `http://127.0.0.1:${port}/`])
  const [, requests] = /(\d+) requests in/.exec(said)!
  t.true(Number(requests) > 10, said)
  t.notRegex(said, /Socket errors|Non-2xx/)
  t.log(/Requests\/sec: *[\d.]+/.exec(said)![0])
  t.is(process.stderr, '')
})

testWith(['curl'], 'curl is answered by https on every domain, and finds the certificate good', async (t) => {
  const files = certificate(t)
  const { port, process } = await example(t, 'https', files)
  const args = ['-sS', '--cacert', files.CERT, `https://localhost:${port}/secret`]
  t.regex(await client(t, 'curl', args), /^GET \/secret on domain/)
  await everyDomain(async () => domainIn(await client(t, 'curl', args)))
  t.is(process.stderr, '')
})

testWith(['openssl'], 'openssl s_client shakes hands with https and is answered', async (t) => {
  const files = certificate(t)
  const { port, process } = await example(t, 'https', files)
  const args = ['s_client', '-connect', `127.0.0.1:${port}`, '-servername', 'localhost', '-CAfile', files.CERT]
  const request = 'GET /shaken HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
  for (const version of ['-tls1_2', '-tls1_3']) {
    const strict = ['-verify_return_error', '-ign_eof', version]
    const said = await client(t, 'openssl', [...args, ...strict], request)
    t.regex(said, /Verify return code: 0 \(ok\)/)
    t.regex(said, /GET \/shaken on domain \d+/)
  }
  t.is(process.stderr, '')
})

/** What a socket answers to a message, once it is open. */
async function answer(socket: WebSocket, message: string): Promise<string> {
  await once(socket, 'open')
  socket.send(message)
  const [data] = await once(socket, 'message')
  return String(data)
}

test('ws talks both ways on every domain, and closes in order', async (t) => {
  const { port, process } = await example(t, 'ws')
  await everyDomain(async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`)
    const said = await answer(socket, 'hello')
    t.regex(said, /^domain \d+: hello$/)
    socket.close(1000, 'done')
    const [code, reason] = await once(socket, 'close')
    t.deepEqual([code, String(reason)], [1000, 'done'])
    return domainIn(said)
  })
  const large = new WebSocket(`ws://127.0.0.1:${port}/`)
  t.is((await answer(large, 'x'.repeat(3_000_000))).length, 'domain 0: '.length + 3_000_000)
  large.terminate()
  t.is(process.stderr, '')
})

test('a client of ws runs over toDuplex as well', async (t) => {
  const { port, process } = await example(t, 'ws')
  const said = await Miou.run(
    function* () {
      const fd = Unix.tcpv4()
      yield* Unix.connect(fd, { host: '127.0.0.1', port })
      const stream = toDuplex(fd)
      const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { createConnection: () => stream })
      const answered = yield* until(answer(socket, 'from a domain'))
      socket.terminate()
      return answered
    },
    { domains: 0 },
  )
  t.regex(said, /^domain \d+: from a domain$/)
  t.is(process.stderr, '')
})
