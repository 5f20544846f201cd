import { isMainThread, parentPort, threadId, Worker, workerData } from 'node:worker_threads'
import * as Miou from 'miou'
import * as Unix from 'miou/unix'

/*
 * Domains in the middle of everything that can be under way, and then the ways for them to end that the arguments name. What
 * the program says and its exit code are checked by __test__/node-versions.ts.
 */

const Socket = Unix.Ownership

type Steps<T> = Generator<Miou.Suspension, T>

const mutex = Miou.Mutex.create('endings')
const never = Miou.Condition.create('endings: never')

function* echo(client: Unix.FileDescr): Steps<void> {
  const buffer = Buffer.alloc(4096)
  for (;;) {
    const length = yield* Socket.read(client, buffer)
    yield* Socket.write(client, buffer, { len: length })
  }
}

function* talk(port: number): Steps<void> {
  const fd = Socket.tcpv4()
  yield* Socket.connect(fd, { host: '127.0.0.1', port })
  const buffer = Buffer.alloc(64)
  for (;;) {
    yield* Socket.write(fd, buffer)
    yield* Socket.reallyRead(fd, buffer)
  }
}

/** Locks that all domains contend for. */
function* contend(): Steps<void> {
  for (;;) {
    using _ = yield* Miou.Mutex.lock(mutex)
    yield* Miou.yield()
  }
}

function* waitForEver(): Steps<void> {
  using _ = yield* Miou.Mutex.lock(mutex)
  for (;;) yield* Miou.Condition.wait(never, mutex)
}

const one = Miou.portable(import.meta, function* one(): Steps<number> {
  return 1
})

/** Calls to and fro, which never end; a domain that dies in the middle of one is none of its business. */
function* call(): Steps<void> {
  for (;;) yield* Miou.await(Miou.call(one, []))
}

/** Sockets, timers, locks and calls, all at once, for ever. */
const busy = Miou.portable(import.meta, function* busy(): Steps<never> {
  const listener = Socket.tcpv4()
  Socket.bindAndListen(listener, { host: '127.0.0.1', port: 0 })
  const { port } = Unix.address(listener) as { port: number }
  const tasks = [Miou.async(contend), Miou.async(waitForEver), Miou.async(() => Unix.sleep(1_000_000))]
  if (Miou.Domain.available() > 0) tasks.push(Miou.async(call))
  for (let i = 0; i < 10; i++) {
    tasks.push(Miou.async(() => talk(port)))
    const [client] = yield* Socket.accept(listener)
    tasks.push(Miou.async(() => echo(client), { give: [Socket.resource(client)] }))
  }
  const ended = yield* Miou.awaitFirst(tasks)
  throw new Error('a task that never ends has ended', { cause: ended.ok ? undefined : ended.error })
})

/** A task whose domain ends by something foreign, in the middle of its work. */
const last = Miou.portable(import.meta, function* last(way: string, thread?: Int32Array): Steps<void> {
  if (thread !== undefined) thread[0] = threadId
  const working = Miou.async(busy)
  yield* Unix.sleep(20)
  if (way === 'exit') process.exit(7)
  if (way === 'throw') {
    setTimeout(() => {
      throw new Error('foreign code threw')
    }, 1)
  }
  if (way === 'reject') void Promise.reject(new Error('foreign code threw'))
  yield* working
})

/** How a task on a domain that died is seen, and that the others go on. */
function* survive(dying: Miou.Task<unknown>): Steps<void> {
  const result = yield* Miou.await(dying)
  const died = !result.ok && result.error instanceof Miou.DomainDied
  Miou.print(died ? 'DomainDied' : `not so: ${JSON.stringify(result)}`)
  Miou.print(`a call: ${yield* Miou.call(one, [])}`)
}

/** Runs `body` beside that many other domains, all of them busy. */
async function amid(body: () => Steps<void>, domains = 2): Promise<void> {
  await Miou.run(
    function* () {
      const others = Miou.Domain.all().slice(1)
      const working = [Miou.async(busy), ...others.map((pin) => Miou.call(busy, [], { pin }))]
      yield* Unix.sleep(20)
      yield* body()
      for (const task of working) {
        if (task.state === 'running') yield* Miou.cancel(task)
        else ofDomain(yield* Miou.await(task))
      }
    },
    { domains },
  )
}

/** A busy task has ended: its domain has died, or else something is wrong. */
function ofDomain(result: Miou.Result<void>): void {
  if (!result.ok && !(result.error instanceof Miou.DomainDied)) throw result.error
}

const workers: Worker[] = []

const cases: Record<string, () => Promise<void>> = {
  /** A domain's worker is terminated from outside. */
  terminate: () =>
    amid(function* () {
      const thread = new Int32Array(new SharedArrayBuffer(4))
      const dying = Miou.call(last, ['wait', thread])
      while (thread[0] === 0) yield* Unix.sleep(1)
      void workers.find(({ threadId }) => threadId === thread[0])!.terminate()
      yield* survive(dying)
    }),

  /** A domain that dies is replaced, but the third death within a second ends the run. */
  async deaths() {
    const died = (error: unknown): void => console.log(error instanceof Miou.DomainDied ? 'DomainDied' : String(error))
    await amid(function* () {
      const dying = Miou.Domain.all().flatMap((pin) => (pin === 0 ? [] : Miou.call(last, ['exit'], { pin })))
      yield* Miou.awaitAll(dying)
    }, 4).catch(died)
  },

  exit: () =>
    amid(function* () {
      process.exit(7)
    }),

  'exit in a callback': () =>
    amid(function* () {
      setTimeout(() => process.exit(7), 5)
      yield* Unix.sleep(1_000_000)
    }),

  'throw in a callback': () =>
    amid(function* () {
      setTimeout(() => {
        throw new Error('foreign code threw')
      }, 5)
      yield* Unix.sleep(1_000_000)
    }),

  'throw in main': () =>
    amid(function* () {
      throw new Error('main threw')
    }),

  'exit of a domain': () => amid(() => survive(Miou.call(last, ['exit']))),
  'throw in a domain': () => amid(() => survive(Miou.call(last, ['throw']))),
  'reject in a domain': () => amid(() => survive(Miou.call(last, ['reject']))),

  /** A worker of the program's own calls run, and is terminated with all its domains. */
  async 'terminate the runner'() {
    const runner = new Worker(new URL(import.meta.url), { workerData: 'runner' })
    await new Promise((resolve) => runner.once('message', resolve))
    await runner.terminate()
    await Miou.run(() => survive(Miou.call(last, ['exit'])), { domains: 2 })
  },

  /** Threads of the program's own wait for a mutex, and the process is left. */
  async 'exit while threads wait'() {
    await Miou.run(
      function* () {
        using _ = yield* Miou.Mutex.lock(mutex)
        for (let i = 0; i < 2; i++) new Worker(new URL(import.meta.url), { workerData: 'waiting' })
        yield* Unix.sleep(200)
        process.exit(7)
      },
      { domains: 1 },
    )
  },

  /** Warm domains that are not in use do not keep the process. */
  async end() {
    for (let i = 0; i < 3; i++) await amid(function* () {})
    console.log('the end')
  },
}

if (isMainThread) {
  process.on('worker', (worker) => workers.push(worker))
  for (const ending of process.argv.slice(2)) await cases[ending]!()
} else if (workerData === 'runner') {
  await amid(function* () {
    parentPort!.postMessage('up')
    yield* Unix.sleep(1_000_000)
  })
} else if (workerData === 'waiting') {
  Miou.Mutex.lockSync(mutex)
}
