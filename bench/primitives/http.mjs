// node:http over toDuplex and over its own sockets: what a request costs, and how many are answered. The load is wrk's.

import { execFile } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import { createServer } from 'node:net'
import { promisify } from 'node:util'
import { ours } from '../packages.mjs'
import { Missing, reason } from '../toolchain.mjs'

const execute = promisify(execFile)
const CONNECTIONS = 50
const SECONDS = 2

/** A port that is free. */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/** Loads a port; how many requests were answered. */
async function load(port, seconds) {
  const url = `http://127.0.0.1:${port}/`
  try {
    const { stdout } = await execute('wrk', ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, url])
    const wrong = /(Socket errors|Non-2xx).*/.exec(stdout)
    if (wrong) throw new Error(wrong[0])
    return Number(/(\d+) requests in/.exec(stdout)[1])
  } catch (error) {
    if (error.code === 'ENOENT') throw new Missing('wrk is not installed')
    throw new Error(reason(error))
  }
}

/** Once the port is warm: the requests of a while, and the nanoseconds of CPU of this process meanwhile. */
async function measure(port) {
  await load(port, 1)
  const before = process.cpuUsage()
  const requests = await load(port, SECONDS)
  const { user, system } = process.cpuUsage(before)
  return { requests, cpu: (user + system) * 1000 }
}

/** The same of http over toDuplex, on so many domains. */
async function overDuplex(domains) {
  const Miou = await ours()
  const { until } = await import('../../dist/node.js')
  const Unix = await import('../../dist/unix.js')
  const { serve } = await import('../http.mjs')
  const port = await freePort()
  return await Miou.run(
    function* () {
      const servers = Miou.Domain.all().map((pin) => {
        return pin === 0 ? Miou.async(() => serve(port)) : Miou.call(serve, [port], { pin })
      })
      // Until all of them listen.
      yield* Unix.sleep(300)
      const measured = yield* until(measure(port))
      for (const server of servers) yield* Miou.cancel(server)
      return measured
    },
    { domains: domains - 1 },
  )
}

/** The same of http on sockets of its own. */
async function ofNode() {
  const { answer } = await import('../http.mjs')
  const server = http.createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const measured = await measure(server.address().port)
  server.closeAllConnections()
  server.close()
  return measured
}

const perRequest = async (measured) => {
  const { requests, cpu } = await measured
  return cpu / requests
}

const perSecond = async (measured) => (await measured).requests / SECONDS

export default [
  {
    name: 'an http request of 50 clients, CPU of the server',
    unit: 'us',
    count: 1,
    peers: { miou: () => perRequest(overDuplex(1)), 'node:http': () => perRequest(ofNode()) },
  },
  {
    name: 'http requests a second, load and server on the same two cores',
    unit: '/s',
    count: 1,
    peers: {
      miou: () => perSecond(overDuplex(1)),
      'miou, two domains': () => perSecond(overDuplex(2)),
      'node:http': () => perSecond(ofNode()),
    },
  },
]
