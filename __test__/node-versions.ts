import type { ExecutionContext } from 'ava'
import { test } from './support/case.js'
import { clients } from './support/client.js'
import { serving, stop, total } from './support/echo.js'
import { nodeOf } from './support/node.js'
import { built, type Ended, Process, program } from './support/process.js'

/** The versions that miou is for. */
const MAJORS = [20, 22, 24, 26]

/** What each way to end in __test__/programs/endings.ts has to leave. */
const endings: Record<string, { code: number; stdout: string; says?: RegExp }> = {
  exit: { code: 7, stdout: '' },
  'exit in a callback': { code: 7, stdout: '' },
  'exit while threads wait': { code: 7, stdout: '' },
  'throw in a callback': { code: 1, stdout: '', says: /Error: foreign code threw/ },
  'throw in main': { code: 1, stdout: '', says: /Error: main threw/ },
  'terminate the runner': { code: 0, stdout: 'DomainDied\na call: 1\n' },
  deaths: { code: 0, stdout: 'DomainDied\n' },
}

/** Ways that the program outlives: all of them, one after the other, in one process. */
const survived = ['terminate', 'exit of a domain', 'throw in a domain', 'reject in a domain', 'end']

/** A test of one version of Node, which says so and ends where that version can't be had. */
function on(major: number, title: string, body: (t: ExecutionContext, node: string) => Promise<void>): void {
  test(`Node ${major}: ${title}`, async (t) => {
    const node = nodeOf(major)
    if (node.path === undefined) {
      t.log(`skipped: ${node.why}`)
      t.pass()
      return
    }
    await body(t, node.path)
  })
}

/** Checks that nothing but what the program itself does has been said: no abort, no assertion, no stack of the core. */
function leaves(
  t: ExecutionContext,
  { code, signal, stdout, stderr }: Ended,
  expected: (typeof endings)[string],
): void {
  t.is(signal, null, stderr)
  t.is(stdout, expected.stdout, stderr)
  if (expected.says === undefined) t.is(stderr, '')
  else t.regex(stderr, expected.says)
  t.notRegex(stderr, /FATAL|Assertion|panicked|napi/i)
  t.is(code, expected.code, stderr)
}

for (const major of MAJORS) {
  on(major, 'the echo server serves 100 clients on every domain and ends in order', async (t, node) => {
    const server = await serving(t, 3, node)
    const connected = await clients(100, server.port)
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(connected.map((client, index) => client.echoes(`${round} of ${index}`)))
      t.true(answers.every((same) => same))
    }
    for (const client of connected) client.end()
    const served = await stop(t, server)
    for (const { domain, connections } of served) t.true(connections > 0, `domain ${domain} served nobody`)
    t.is(total(served).connections, 100)
  })

  on(major, 'domains that die are seen as DomainDied, and the others go on', async (t, node) => {
    const stdout = `${'DomainDied\na call: 1\n'.repeat(4)}the end\n`
    leaves(t, await program(t, 'endings', survived, node).ended, { code: 0, stdout })
  })

  // The version that runs these tests runs those as well.
  if (major !== Number(process.versions.node.split('.')[0])) {
    on(major, 'every test of miou/unix and miou/node passes', async (t, node) => {
      t.timeout(300_000, 'it hangs')
      // What is long, and says nothing about versions, is left out.
      const files = ['dist-test/unix/*.js', '!dist-test/unix/scale.js', 'dist-test/node/*.js']
      // One file at a time: other files of tests run beside this one.
      const tests = new Process(t, node, [
        built('node_modules/ava/entrypoints/cli.mjs'),
        '--concurrency',
        '1',
        ...files,
      ])
      const { code, stdout } = await tests.ended
      t.regex(stdout, /^ {2}\d+ tests passed$/m)
      t.is(code, 0, stdout)
      t.log(/\d+ tests passed/.exec(stdout)![0])
    })
  }

  for (const [ending, expected] of Object.entries(endings)) {
    on(major, `no abort and no hang, whatever is under way: ${ending}`, async (t, node) => {
      leaves(t, await program(t, 'endings', [ending], node).ended, expected)
    })
  }
}
