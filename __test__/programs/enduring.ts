import { readdirSync } from 'node:fs'
import { getHeapStatistics } from 'node:v8'
import * as Miou from 'miou'
import { abortSignal, start, until } from 'miou/node'
import * as Unix from 'miou/unix'
import { garbage } from '../support/collected.js'
import { echo, fail, hang } from './numbers.js'
import { heldResource, transfersBack } from './resources.js'

/* What a program does that runs for years, again and again. Prints by how much the heaps grow a time at least, in bytes, and more. */

type Steps = Generator<Miou.Suspension, void>

const one = { domains: 1 }
const alone = { domains: 0 }

/** Does something `count` times, and then looks at what the process takes; five times. */
type Work = (count: number) => Promise<void>

const ROUNDS = 5

/** What `step` does, all in one run: what that run keeps counts too. */
function within(step: (i: number) => Steps, options: Miou.RunOptions): Work {
  return (count) =>
    Miou.run(function* () {
      for (let round = 0; round < ROUNDS; round++) {
        for (let i = 0; i < count; i++) yield* step(i)
        yield* look()
      }
    }, options)
}

/** A run each time, whatever it ends with. */
function runs(main: () => Miou.Operation<unknown>, options: Miou.RunOptions): Work {
  return async (count) => {
    for (let round = 0; round < ROUNDS; round++) {
      for (let i = 0; i < count; i++) await Miou.run(main, options).catch(() => {})
      await Miou.run(look, options)
    }
  }
}

const words = new Int32Array(new SharedArrayBuffer(8))

const works: Record<string, Work> = {
  runs: runs(() => Miou.async(() => Miou.yield()), alone),
  'runs with a domain': runs(() => Miou.call(echo, [1]), one),
  'runs that end fatally': runs(function* () {
    Miou.call(hang, [])
  }, one),
  'nested runs': runs(() => until(() => Miou.run(() => Miou.call(echo, [1]), one)), alone),
  calls: within(function* (i) {
    yield* Miou.call(echo<unknown>, [{ i, list: [1] }])
  }, one),
  'calls that throw': within(function* () {
    yield* Miou.await(Miou.call(fail, ['again']))
  }, one),
  'calls that are cancelled': within(function* () {
    yield* Miou.cancel(Miou.call(hang, []))
  }, one),
  'calls with a descriptor': within(function* () {
    Unix.close(yield* Miou.call(echo<Unix.FileDescr>, [Unix.tcpv4()]))
  }, one),
  'calls that give a resource': within(function* () {
    const resource = heldResource(words)
    Miou.Ownership.own(resource)
    yield* Miou.call(transfersBack, [resource], { give: [resource] })
    Miou.Ownership.release(resource)
  }, one),
  'tasks that are cancelled': within(function* () {
    const task = Miou.async(function* () {
      abortSignal()
      yield* Unix.sleep(100_000)
    })
    yield* Miou.yield()
    yield* Miou.cancel(task)
  }, alone),
  timeouts: within(function* (i) {
    try {
      yield* Miou.timeout(i % 2 === 0 ? 0 : 100_000, () => (i % 2 === 0 ? Unix.sleep(100_000) : Miou.yield()))
    } catch {}
  }, alone),
  hooks: within(function* () {
    const hook = Miou.Hook.add(() => {})
    yield* Miou.yield()
    Miou.Hook.remove(hook)
  }, alone),
  'shared objects': within(function* (i) {
    const [cell, trigger, queue] = [Miou.Computation.create(), Miou.Trigger.create(), Miou.Queue.create()]
    Miou.Computation.tryAttach(cell, trigger)
    Miou.Queue.enqueue(queue, { cell })
    Miou.Computation.tryReturn(cell, { i })
    yield* Miou.Trigger.await(trigger)
    yield* Miou.Computation.awaitExn(cell)
    // Where nothing ever waits for Node's loop, nobody is told of what was collected.
    if (i % 100 === 0) yield* Unix.sleep(0)
  }, alone),
  async requests(count) {
    const runtime = await start(one)
    for (let round = 0; round < ROUNDS; round++) {
      for (let i = 0; i < count; i++) await Promise.all([runtime.run(() => Miou.yield()), runtime.call(echo, [i])])
      await runtime.run(look)
    }
    await runtime.close()
  },
}

export const heap = Miou.portable(import.meta, function* heap() {
  for (let i = 0; i < 4; i++) {
    garbage()
    yield* Unix.sleep(5)
  }
  return getHeapStatistics().used_heap_size
})

/** What the process takes: bytes of the heaps of this domain and of the other one, descriptors, threads. */
interface Taken {
  bytes: number
  descriptors: number
  threads: number
}

const taken: Taken[] = []

/** Looks at what the process takes, in a run. */
function* look(): Steps {
  let bytes = yield* heap()
  for (const pin of Miou.Domain.all().slice(1)) bytes += yield* Miou.call(heap, [], { pin })
  const count = (of: string): number => (process.platform === 'linux' ? readdirSync(`/proc/self/${of}`).length : 0)
  taken.push({ bytes, descriptors: count('fd'), threads: count('task') })
}

const [, , name, times] = process.argv
if (name !== undefined) {
  const count = Number(times)
  await works[name]!(count)
  // What V8 compiles, or collects later, comes once or goes again: a leak is there each time.
  const least = (of: keyof Taken): number =>
    Math.min(...taken.slice(1).map((now, before) => now[of] - taken[before]![of]))
  const growth = Math.round(least('bytes') / count)
  console.log(JSON.stringify({ growth, descriptors: least('descriptors'), threads: least('threads') }))
}
