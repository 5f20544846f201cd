import { availableParallelism } from 'node:os'
import { test } from '../support/case.js'
import { Client, connected, freePort } from '../support/client.js'
import { built, Process } from '../support/process.js'

const DOMAINS = availableParallelism()

/** A client that has said something before anybody serves it, and the number of the domain that does. */
async function guest(port: number): Promise<{ client: Client; domain: number }> {
  const client = await Client.connect(port)
  client.send('early')
  let said = ''
  while (!said.endsWith('\nearly')) said += await client.take(1)
  return { client, domain: Number(/domain (\d+)/.exec(said)![1]) }
}

/** How many clients each domain has. */
function counts(guests: { domain: number }[]): number[] {
  const counts = new Map<number, number>()
  for (const { domain } of guests) counts.set(domain, (counts.get(domain) ?? 0) + 1)
  return [...counts.values()]
}

test('examples/fewest.ts gives each client to the domain with the fewest, and what it has sent comes along', async (t) => {
  const port = await freePort()
  const server = new Process(t, process.execPath, [built('dist-examples/fewest.js')], { PORT: String(port) })
  const first = await connected(port)
  t.regex(String(await first.take(7)), /domain /)
  // The first one went to domain 0.
  const guests = [{ client: first, domain: 0 }]
  for (let i = 1; i < 10 * DOMAINS; i++) guests.push(await guest(port))
  t.deepEqual(counts(guests), new Array(DOMAINS).fill(10))

  // All leave that one domain has, and the next ones go there.
  const staying = guests.filter(({ domain }) => domain !== 0)
  for (const { client, domain } of guests) {
    if (domain !== 0) continue
    client.end()
    await client.rest()
  }
  for (let i = 0; i < 10; i++) staying.push(await guest(port))
  // The end of one may be heard of a moment after the next has come.
  const now = counts(staying)
  t.true(Math.max(...now) - Math.min(...now) <= 2, String(now))
  t.is(server.stderr, '')
})
