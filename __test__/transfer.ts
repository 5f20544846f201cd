import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { rust } from '../dist/domain-thread.js'
import { TRANSFERRED } from '../dist/mail.js'
import { begin, putId, putInt, send } from '../dist/message.js'
import { drained } from '../dist/ring.js'
import type { TaskRecord } from '../dist/task.js'
import { transfersSlowly } from './programs/resources.js'
import { test } from './support/case.js'
import { rejects } from './support/refusal.js'
import { never, words } from './support/waiting.js'

test('a transfer ends by its own answer alone, not by one to an earlier transfer that was cancelled', async (t) => {
  const shared = words(3)
  const body = function* (): Generator<Miou.Suspension, void> {
    const task = Miou.call(transfersSlowly, [shared]) as unknown as TaskRecord
    post()
    // From now on this domain does not look at its inbox: it answers nothing but this.
    while (shared[1] === 0) Atomics.wait(shared, 1, 0, 1)
    for (let i = 0; i < 50 && shared[2] === 0; i++) {
      begin(TRANSFERRED)
      putInt(task.run.id)
      putId(task.id)
      putId(0)
      send(task.extra!.place)
      post()
      Atomics.wait(shared, 2, 0, 1)
    }
    t.is(shared[2], 0)
    yield* task as unknown as Miou.Task<void>
    t.is(shared[2], 1)
  }
  // It has arrived: main returns without having let go of it.
  await rejects(t, Miou.run(body, { domains: 1 }), Miou.ResourceLeaked)
  t.is(shared[0], 1)
})

/** Sends what was submitted. */
function post(): void {
  rust().drain()
  drained()
}

test('a finaliser that runs since its resource came to a parent that had ended leaves nothing there', async (t) => {
  const log: string[] = []
  const inner = Miou.Ownership.create('inner', (name) => log.push(name))
  const outer = Miou.Ownership.create('outer', (name) => {
    log.push(name)
    Miou.Ownership.own(inner)
    Miou.async(never, { give: [Miou.Ownership.create('given', (given) => log.push(given))] })
  })
  await Miou.run(
    function* () {
      const parent = Miou.async(function* () {
        Miou.async(
          function* () {
            try {
              yield* never()
            } finally {
              yield* Miou.shield(function* () {
                yield* Miou.yield()
                yield* Miou.Ownership.transfer(outer)
              })
            }
          },
          { give: [outer] },
        )
        yield* Miou.yield()
        throw new Error('ended')
      })
      t.like(yield* Miou.await(parent), { error: { message: 'ended' } })
    },
    { domains: 0 },
  )
  t.deepEqual(log.sort(), ['given', 'inner', 'outer'])
})

test('who has no parent can not transfer: main, and the handler of a signal, which is named', async (t) => {
  const resource = Miou.Ownership.create('r', () => {})
  const refused = (who: RegExp): unknown =>
    t.throws(() => Miou.Ownership.transfer(resource), { instanceOf: Miou.InvalidArgument, message: who })
  await Miou.run(
    function* () {
      refused(/^task 1 \(main\) has no parent/)
      const handled = Miou.syscall()
      Unix.sysSignal('SIGUSR1', () => {
        refused(/SIGUSR1.* has no parent/)
        Miou.signal(handled)
      })
      process.kill(process.pid, 'SIGUSR1')
      yield* Miou.suspend(handled)
    },
    { domains: 0 },
  )
})
