import { readdirSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
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

/** `count` times what `step` does, in one run. */
function within(step: (i: number) => Steps, options: Miou.RunOptions): (count: number) => Promise<void> {
  return (count) =>
    Miou.run(function* () {
      for (let i = 0; i < count; i++) yield* step(i)
    }, options)
}

/** `count` times a run, whatever it ends with. */
function runs(main: () => Miou.Operation<unknown>, options: Miou.RunOptions): (count: number) => Promise<void> {
  return async (count) => {
    for (let i = 0; i < count; i++) await Miou.run(main, options).catch(() => {})
  }
}

const words = new Int32Array(new SharedArrayBuffer(8))

const works: Record<string, (count: number) => Promise<void>> = {
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
    for (let i = 0; i < count; i++) await Promise.all([runtime.run(() => Miou.yield()), runtime.call(echo, [i])])
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

/** The heaps of this thread and of the domain that all runs have, and what the process has. */
async function takes(): Promise<{ bytes: number; descriptors: number; threads: number }> {
  const [here, there] = await Miou.run(function* () {
    return [yield* heap(), yield* Miou.call(heap, [])] as const
  }, one)
  await wait(5)
  const count = (of: string): number => (process.platform === 'linux' ? readdirSync(`/proc/self/${of}`).length : 0)
  return { bytes: here + there, descriptors: count('fd'), threads: count('task') }
}

const [, , name, times] = process.argv
if (name !== undefined) {
  const work = works[name]!
  const count = Number(times)
  await work(count)
  const least = { growth: Number.POSITIVE_INFINITY, descriptors: 1000, threads: 1000 }
  let before = await takes()
  // What V8 compiles, or collects later, comes once or goes again: a leak is there each time.
  for (let round = 0; round < 4; round++) {
    await work(count)
    const after = await takes()
    least.growth = Math.min(least.growth, Math.round((after.bytes - before.bytes) / count))
    least.descriptors = Math.min(least.descriptors, after.descriptors - before.descriptors)
    least.threads = Math.min(least.threads, after.threads - before.threads)
    before = after
  }
  console.log(JSON.stringify(least))
}
