// How evenly 1 000 connections are spread over four domains: what the busiest one has, in percent of an even share.

import { once } from 'node:events'
import { connect } from 'node:net'
import { ours } from '../packages.mjs'

const CONNECTIONS = 1000
const DOMAINS = 4

/** Clients that are connected, each with the number of its domain. */
class Clients {
  #live = []
  #port

  constructor(port) {
    this.#port = port
  }

  /** So many more, all at once. */
  async come(count) {
    const more = Array.from({ length: count }, async () => {
      const socket = connect(this.#port, '127.0.0.1')
      const [[domain]] = await once(socket, 'data')
      return { socket, domain }
    })
    this.#live.push(...(await Promise.all(more)))
  }

  /** So many leave, any of them, and are gone when this is over. */
  async leave(count) {
    const gone = Array.from({ length: count }, async () => {
      const [{ socket }] = this.#live.splice(Math.floor(Math.random() * this.#live.length), 1)
      socket.resume().end()
      await once(socket, 'close')
    })
    await Promise.all(gone)
  }

  busiest() {
    const counts = new Map()
    for (const { domain } of this.#live) counts.set(domain, (counts.get(domain) ?? 0) + 1)
    return (Math.max(...counts.values()) * 100 * DOMAINS) / this.#live.length
  }
}

/** Serves in one of the ways, while `load` goes on; its clients run on domain 0, which serves none. */
async function measured(way, load) {
  const Miou = await ours()
  const Unix = await import('../../dist/unix.js')
  const { until } = await import('../../dist/node.js')
  const { fewest, listen, own, shared } = await import('../spread.mjs')
  return await Miou.run(
    function* () {
      const { listener, port } = listen()
      const others = Miou.Domain.all().slice(1)
      let servers
      if (way === 'fewest') {
        servers = [Miou.async(() => fewest(listener))]
      } else {
        servers = others.map((pin) => {
          return way === 'own'
            ? Miou.call(own, [port], { pin })
            : Miou.call(shared, [Unix.duplicate(listener)], { pin })
        })
        // Until all of them listen.
        yield* Unix.sleep(300)
        Unix.close(listener)
      }
      const clients = new Clients(port)
      const value = yield* until(load(clients))
      for (const server of servers) yield* Miou.cancel(server)
      return value
    },
    { domains: DOMAINS },
  )
}

const ways = {
  'a listener on each domain': 'own',
  'one listener, duplicated': 'shared',
  'one acceptor, to the fewest': 'fewest',
}

/** A metric of all ways. */
const metric = (name, load) => ({
  name,
  unit: '%',
  count: 1,
  peers: Object.fromEntries(Object.entries(ways).map(([title, way]) => [title, () => measured(way, load)])),
})

export default [
  metric('1 000 connections that come at once, on 4 domains: the busiest', async (clients) => {
    await clients.come(CONNECTIONS)
    return clients.busiest()
  }),
  metric('the same after 10 000 have come and gone', async (clients) => {
    await clients.come(CONNECTIONS)
    for (let round = 0; round < 20; round++) {
      await clients.leave(CONNECTIONS / 2)
      await clients.come(CONNECTIONS / 2)
    }
    return clients.busiest()
  }),
]
