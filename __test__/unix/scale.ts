import * as Miou from 'miou'
import { until } from 'miou/node'
import * as Unix from 'miou/unix'
import { test } from '../support/case.js'
import { mostDescriptors } from '../support/machine.js'
import { built, Process } from '../support/process.js'

const linux = process.platform === 'linux'

test('accepting and closing 100 000 connections leaves descriptors and memory where they were', async (t) => {
  // It takes ten seconds on an idle machine.
  t.timeout(300_000)
  if (!linux) {
    t.log('skipped: there is no /proc')
    t.pass()
    return
  }
  // With a small room for what is new, which grows while the program warms up.
  const args = ['--expose-gc', '--max-semi-space-size=2', built('dist-test/programs/turnover.js'), '100000']
  const { code, stdout, stderr } = await new Process(t, process.execPath, args).ended
  t.is(code, 0, stderr)
  const { accepted, before, after } = JSON.parse(stdout)
  t.is(accepted, 125_000)
  t.is(after.descriptors, before.descriptors)
  const grown = { heap: after.heap - before.heap, rss: after.rss - before.rss }
  t.log(`${grown.heap >> 10} KiB more of heap, ${grown.rss >> 10} KiB more in all`)
  t.true(grown.heap < 1 << 20, `the heap grew by ${grown.heap}`)
  t.true(grown.rss < 8 << 20, `the process grew by ${grown.rss}`)
})

test('10 000 idle connections on one domain take little memory each', async (t) => {
  const count = Math.min(10_000, mostDescriptors() - 200)
  if (!linux) {
    t.log('skipped: there is no /proc')
    t.pass()
    return
  }
  const server = new Process(t, process.execPath, ['--expose-gc', built('dist-test/programs/idle.js'), String(count)])
  const port = Number(await server.line(0))
  await Miou.run(
    function* () {
      const buf = new Uint8Array(1)
      const clients: Unix.FileDescr[] = []
      for (let i = 0; i < count; i++) {
        const client = Unix.tcpv4()
        yield* Unix.connect(client, { host: '127.0.0.1', port })
        yield* Unix.write(client, 'x')
        yield* Unix.read(client, buf)
        clients.push(client)
      }
      const { connections, rss, heap } = JSON.parse(yield* until(server.line(1)))
      t.log(`${connections} connections: ${rss} bytes each, ${heap} of them objects of JavaScript`)
      // What is ours; the rest is room that the engine keeps, which differs by version: the aim is 2 048 in all.
      t.true(heap < 1280, `${heap} bytes of objects each`)
      t.true(rss < 3072, `${rss} bytes each`)
      for (const client of clients) Unix.close(client)
    },
    { domains: 0 },
  )
  t.is((await server.ended).code, 0)
})
