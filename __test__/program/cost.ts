import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { test } from '../support/case.js'
import { Client } from '../support/client.js'
import { built, Process } from '../support/process.js'
import { testWith } from '../support/tool.js'

/*
 * What a message costs that can be counted. The server is stopped while the clients send, so that it finds a message of
 * each at once, as it does where it has more to do than it can: what it does then does not depend on the machine.
 */

const MESSAGE = Buffer.alloc(64, 'x')

interface Counts {
  calls: number
  heap: number
  collections: number
}

/** A server that counts, and clients of it. */
class Counted {
  private constructor(
    readonly server: Process,
    private readonly clients: Client[],
    private lines = 1,
  ) {}

  static async start(t: ExecutionContext, connections: number): Promise<Counted> {
    // No garbage is collected while the heap is counted.
    const flags = ['--min-semi-space-size=64', '--max-semi-space-size=64']
    const server = new Process(t, process.execPath, [...flags, built('dist-test/programs/counted.js')])
    const port = Number(await server.line(0))
    const clients: Client[] = []
    for (let i = 0; i < connections; i++) clients.push(await Client.connect(port))
    t.teardown(() => {
      for (const { socket } of clients) socket.destroy()
    })
    return new Counted(server, clients)
  }

  /** Sends a message on each connection, and waits for all answers; so many times. */
  async bursts(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      this.server.kill('SIGSTOP')
      for (const client of this.clients) client.send(MESSAGE)
      this.server.kill('SIGCONT')
      for (const client of this.clients) await client.take(MESSAGE.length)
    }
  }

  async counts(): Promise<Counts> {
    this.server.child.stdin!.write('\n')
    return JSON.parse(await this.server.line(this.lines++)) as Counts
  }
}

for (const [connections, most] of [
  [50, 0.5],
  [500, 0.05],
] as const) {
  test(`with ${connections} connections a message takes less than ${most} calls into Rust`, async (t) => {
    const counted = await Counted.start(t, connections)
    await counted.bursts(5)
    const before = await counted.counts()
    await counted.bursts(20)
    const calls = ((await counted.counts()).calls - before.calls) / (20 * connections)
    t.log(`${calls.toFixed(3)} calls a message`)
    t.true(calls < most, `${calls}`)
  })
}

/** Most bytes that Node makes each time that its loop goes round, before each of which there is a call into Rust. */
const ROUND = 500

test('a message makes no objects', async (t) => {
  const counted = await Counted.start(t, 500)
  await counted.bursts(40)
  const before = await counted.counts()
  await counted.bursts(40)
  const after = await counted.counts()
  const messages = 40 * 500
  const bytes = (after.heap - before.heap) / messages
  const rounds = (after.calls - before.calls) / messages
  t.is(after.collections, before.collections, 'garbage was collected meanwhile')
  t.log(`${bytes.toFixed(1)} bytes and ${rounds.toFixed(3)} calls into Rust a message`)
  // The smallest object takes 24. Node makes some each time that its loop goes round, more often on a busy machine.
  t.true(bytes - ROUND * rounds < 10, `${bytes} bytes, ${rounds} calls`)
})

// Those on descriptors: every thread of Node's is in one for its memory or its locks when the process is stopped.
testWith(['strace'], 'with 50 connections a message takes at most 2.2 system calls', async (t) => {
  const counted = await Counted.start(t, 50)
  await counted.bursts(20)
  const summary = join(tmpdir(), `miou-${process.pid}.strace`)
  const strace = new Process(t, 'strace', ['-fc', '-e', 'trace=%desc', '-o', summary, '-p', String(counted.server.pid)])
  while (!strace.stderr.includes('attached') && strace.child.exitCode === null)
    await new Promise((resolve) => setTimeout(resolve, 1))
  if (strace.child.exitCode !== null) {
    // A container may forbid it.
    t.log(`skipped: no tracing here (${strace.stderr.trim()})`)
    t.pass()
    return
  }
  await counted.bursts(40)
  strace.kill('SIGINT')
  await strace.ended
  const total = /(\d+)(?:\s+\d+)?\s+total/.exec(await readFile(summary, 'utf8'))
  const calls = Number(total![1]) / (40 * 50)
  t.log(`${calls.toFixed(3)} system calls a message`)
  t.true(calls >= 2 && calls <= 2.2, `${calls}`)
})
