import type { ExecutionContext } from 'ava'
import { freePort, Visitors } from '../support/client.js'
import { listens, type Server, stop, sums } from '../support/echo.js'
import { Haproxy } from '../support/haproxy.js'
import { miou } from '../support/process.js'
import { testWith } from '../support/tool.js'

/** An instance on that port, which listens. */
function instance(t: ExecutionContext, port: number): Promise<Server> {
  const args = ['--port', String(port), '--json', '--domains', '2', '--proxy-protocol']
  return listens(t, miou(t, ['echo', ...args]), 2)
}

testWith(
  ['haproxy'],
  'behind haproxy two instances are restarted one after the other under load, and no connection is lost',
  async (t) => {
    t.timeout(60_000)
    const ports = [await freePort(), await freePort()]
    const instances = await Promise.all(ports.map((port) => instance(t, port)))
    const haproxy = await Haproxy.start(t, ports)
    await haproxy.admit(0)
    await haproxy.admit(1)

    const visitors = new Visitors(haproxy.port, 20)
    const served: number[] = []
    for (let restart = 0; restart < 4; restart++) {
      const which = restart % 2
      await visitors.more(100)
      await haproxy.drain(which)
      // Its checks of the instances it ends with a reset: those may have failed.
      const { expired, cut, bytes } = sums(await stop(t, instances[which]!))
      t.deepEqual({ expired, cut }, { expired: 0, cut: 0 })
      served.push(bytes)
      instances[which] = await instance(t, ports[which]!)
      await haproxy.admit(which)
    }
    await visitors.more(100)
    await visitors.end()
    for (const server of instances) served.push(sums(await stop(t, server)).bytes)
    for (const bytes of served) t.true(bytes > 0, 'an instance served nobody')
    t.is(
      served.reduce((sum, bytes) => sum + bytes, 0),
      visitors.count * 'hello'.length,
    )
    t.log(`${visitors.count} connections over ${served.length - 2} restarts`)
  },
)
