import type { ExecutionContext } from 'ava'
import { freePort, Visitors } from '../support/client.js'
import { listens, type Server, stop, sums } from '../support/echo.js'
import { type Backend, Haproxy } from '../support/haproxy.js'
import { miou } from '../support/process.js'
import { testWith } from '../support/tool.js'

/** An instance at those ports, which listens. */
function instance(t: ExecutionContext, { port, health }: Backend): Promise<Server> {
  const args = ['echo', '--port', String(port), '--json', '--domains', '2', '--proxy-protocol']
  if (health !== undefined) args.push('--health-port', String(health), '--grace', '1000')
  return listens(t, miou(t, args), 2)
}

/** Restarts two instances one after the other under load, four times; `before` is what is done before each is ended. */
async function restarts(
  t: ExecutionContext,
  backends: Backend[],
  before: (haproxy: Haproxy, which: number) => Promise<void>,
): Promise<void> {
  const instances = await Promise.all(backends.map((backend) => instance(t, backend)))
  const haproxy = await Haproxy.start(t, backends)
  await haproxy.admit(0)
  await haproxy.admit(1)

  const visitors = new Visitors(haproxy.port, 20)
  const served: number[] = []
  for (let restart = 0; restart < 4; restart++) {
    const which = restart % 2
    await visitors.more(100)
    await before(haproxy, which)
    // Its checks of the instances it ends with a reset: those may have failed.
    const { expired, cut, bytes } = sums(await stop(t, instances[which]!))
    t.deepEqual({ expired, cut }, { expired: 0, cut: 0 })
    served.push(bytes)
    instances[which] = await instance(t, backends[which]!)
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
  t.log(`${visitors.count} connections over 4 restarts`)
}

testWith(
  ['haproxy'],
  'behind haproxy, which drains each before it is restarted, two instances lose no connection under load',
  async (t) => {
    const backends = [{ port: await freePort() }, { port: await freePort() }]
    await restarts(t, backends, (haproxy, which) => haproxy.drain(which))
  },
)

testWith(
  ['haproxy'],
  'behind haproxy, whose checks fail from the signal on, two instances are restarted by a signal alone and lose no connection',
  async (t) => {
    const backends = [
      { port: await freePort(), health: await freePort() },
      { port: await freePort(), health: await freePort() },
    ]
    await restarts(t, backends, async () => {})
  },
)
