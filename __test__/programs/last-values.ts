import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { garbage } from '../support/collected.js'

/* What passes through an operation is not kept by it: prints the names of those whose last value lives on. */

type Steps = Generator<Miou.Suspension, void>

/** What is watched: something that only the operation, or the task that performs it, could keep alive. */
type Watch = (object: object) => void

const pass: Record<string, (watch: Watch) => Steps> = {
  *awaitExn(watch) {
    const task = Miou.async(function* () {
      const value = {}
      watch(value)
      return value
    })
    watch(task)
    yield* task
  },
  *await(watch) {
    const task = Miou.async(function* () {
      yield* Miou.yield()
      const value = {}
      watch(value)
      return value
    })
    yield* Miou.await(task)
  },
  *computation(watch) {
    const cell = Miou.Computation.create<object>()
    Miou.Computation.tryReturn(cell, { cloned: true })
    watch(yield* Miou.Computation.awaitExn(cell))
  },
  *call(watch) {
    const argument = { bytes: new Uint8Array(3) }
    watch(argument)
    const short = new Uint8Array(3)
    watch(short)
    watch(yield* Miou.call(echoes, [argument]))
    watch(yield* Miou.call(echoes, [short]))
  },
  *queue(watch) {
    const queue = Miou.Queue.create<object>()
    const value = { text: 'x'.repeat(100_000) }
    watch(value)
    Miou.Queue.enqueue(queue, value)
    watch(Miou.Queue.dequeue(queue))
  },
  *lock(watch) {
    yield* Miou.async(function* () {
      watch(Miou.self())
      yield* Miou.Mutex.lock(kept)
      Miou.Mutex.unlock(kept)
    })
  },
  *write(watch) {
    const listener = Unix.tcpv4()
    Unix.bindAndListen(listener, { host: '127.0.0.1', port: 0 })
    const client = Unix.tcpv4()
    yield* Unix.connect(client, Unix.address(listener))
    const [server] = yield* Unix.accept(listener)
    const data = new Uint8Array(10)
    const buffer = new Uint8Array(10)
    for (const object of [listener, client, server, data, buffer]) watch(object)
    yield* Unix.write(client, data)
    yield* Unix.read(server, buffer)
    yield* Unix.write(client, data)
    yield* Unix.readView(server)
    for (const fd of [listener, client, server]) Unix.close(fd)
  },
}

/** It outlives the task that locks it. */
const kept = Miou.Mutex.create()

export const echoes = Miou.portable(import.meta, function* echoes(value: object) {
  return value
})

if (process.argv[2] === 'here') {
  for (const [name, steps] of Object.entries(pass)) {
    const watched: WeakRef<object>[] = []
    const watch: Watch = (object) => void watched.push(new WeakRef(object))
    let left = 0
    await Miou.run(
      function* () {
        yield* steps(watch)
        // No operation of the same kind comes after it: only the domain's sleep, which a timer of Node's ends.
        yield* Miou.suspend(waiting(), () => {})
        left = watched.filter((object) => object.deref() !== undefined).length
      },
      { domains: 1 },
    )
    if (left > 0) console.log(`${name}: ${left} of ${watched.length}`)
  }
}

/** A syscall that is signaled once garbage has been collected, several times. */
function waiting(): Miou.Syscall {
  const syscall = Miou.syscall('garbage')
  let left = 4
  const collect = (): void => {
    garbage()
    if (--left > 0) setTimeout(collect, 5)
    else Miou.signal(syscall)
  }
  setTimeout(collect, 5)
  return syscall
}
