// node:http over toDuplex and over its own sockets: what a request costs, and how many are answered. The load is wrk's.

import { execFile } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import { createServer } from 'node:net'
import { promisify } from 'node:util'
import { cores } from '../machine.mjs'
import { ours } from '../packages.mjs'
import { Missing, reason } from '../toolchain.mjs'

const execute = promisify(execFile)
const CONNECTIONS = 50
const SECONDS = 2
/** Seconds before: each domain compiles for itself. */
const WARM = 5

/** A port that is free. */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/** The server has a core, the load another one; or both share two. */
const APART = { server: cores().one, load: cores().load }
const TOGETHER = { server: cores().two, load: cores().loadOfTwo }

/** Loads a port from some cores; how many requests were answered. */
async function load(port, seconds, from) {
  const url = `http://127.0.0.1:${port}/`
  try {
    const args = ['-c', from, 'wrk', '-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, url]
    const { stdout } = await execute('taskset', args)
    const wrong = /(Socket errors|Non-2xx).*/.exec(stdout)
    if (wrong) throw new Error(wrong[0])
    return Number(/(\d+) requests in/.exec(stdout)[1])
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 127) throw new Missing('wrk or taskset is not installed')
    throw new Error(reason(error))
  }
}

/** Puts this process on some cores, before it starts what serves. */
async function pin(to) {
  await execute('taskset', ['-apc', to, String(process.pid)])
}

/** Once the port is warm: the requests of a while, and the nanoseconds of CPU of this process meanwhile. */
async function measure(port, from) {
  await load(port, WARM, from)
  const before = process.cpuUsage()
  const requests = await load(port, SECONDS, from)
  const { user, system } = process.cpuUsage(before)
  return { requests, cpu: (user + system) * 1000 }
}

/** The same of http over toDuplex, on so many domains. */
async function overDuplex(domains, where) {
  await pin(where.server)
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
      const measured = yield* until(measure(port, where.load))
      for (const server of servers) yield* Miou.cancel(server)
      return measured
    },
    { domains: domains - 1 },
  )
}

/** The same of http on sockets of its own. */
async function ofNode(where) {
  await pin(where.server)
  const { answer } = await import('../http.mjs')
  const server = http.createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const measured = await measure(server.address().port, where.load)
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
    peers: {
      miou: () => perRequest(overDuplex(1, APART)),
      'miou, two domains': () => perRequest(overDuplex(2, TOGETHER)),
      'node:http': () => perRequest(ofNode(APART)),
    },
  },
  {
    name: 'http requests a second, the server on one core and the load on another',
    unit: '/s',
    count: 1,
    peers: { miou: () => perSecond(overDuplex(1, APART)), 'node:http': () => perSecond(ofNode(APART)) },
  },
  {
    name: 'http requests a second, server and load on the same two cores',
    unit: '/s',
    count: 1,
    peers: {
      miou: () => perSecond(overDuplex(1, TOGETHER)),
      'miou, two domains': () => perSecond(overDuplex(2, TOGETHER)),
      'node:http': () => perSecond(ofNode(TOGETHER)),
    },
  },
]
