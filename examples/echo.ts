// An echo server on every domain, which ^C ends in order: nobody new is accepted, the clients that are there are served
// to their end, every descriptor is closed.
//
//   npm run build && npx tsc -p examples && node dist-examples/echo.js
//   nc 127.0.0.1 3000

import * as Miou from 'miou'
import * as Unix from 'miou/unix'

const ADDRESS = { host: '127.0.0.1', port: Number(process.env.PORT ?? 3000) }

// Every domain imports this module; objects of the same name are one object in the process.
const output = Miou.Mutex.create('echo: output')
const guard = Miou.Mutex.create('echo: stop')
const stop = Miou.Condition.create('echo: stop')

/** One line at a time, whoever prints. */
function* log(...text: unknown[]) {
  using _ = yield* Miou.Mutex.lock(output)
  Miou.print(...text)
}

/** Sends a client back what it sends. The descriptor is this task's: whatever happens to it, it is closed at its end. */
function* echo(client: Unix.FileDescr) {
  const buffer = Buffer.allocUnsafe(0x1000)
  for (;;) {
    const length = yield* Unix.Ownership.read(client, buffer)
    if (length === 0) break
    yield* Unix.Ownership.write(client, buffer, { len: length })
  }
  Unix.Ownership.close(client)
}

/** Accepts a client for its parent, and gives the listener back, however it ends. */
function* accept(listener: Unix.FileDescr) {
  try {
    const [client, address] = yield* Unix.Ownership.accept(listener)
    yield* Miou.Ownership.transfer(Unix.Ownership.resource(client))
    return { client, address }
  } finally {
    yield* Miou.Ownership.transfer(Unix.Ownership.resource(listener))
  }
}

/** Waits for the signal. The word is looked at under the mutex: a signal that came before is not missed. */
function* orDie(stopping: Int32Array) {
  using _ = yield* Miou.Mutex.lock(guard)
  while (stopping[0] === 0) yield* Miou.Condition.wait(stop, guard)
}

/** The next client, or undefined once the signal has come. */
function* acceptOrDie(listener: Unix.FileDescr, stopping: Int32Array) {
  const accepting = Miou.async(() => accept(listener), { give: [Unix.Ownership.resource(listener)] })
  const dying = Miou.async(() => orDie(stopping))
  yield* Miou.awaitFirst([accepting, dying])
  // Where both have ended the client is there, whoever won.
  const accepted = yield* Miou.await(accepting)
  if (accepted.ok) return accepted.value
  if (accepted.error instanceof Miou.Cancelled) return undefined
  throw accepted.error
}

/** The server of one domain. */
const server = Miou.portable(import.meta, function* server(stopping: Int32Array) {
  const listener = Unix.Ownership.tcpv4()
  Unix.Ownership.bindAndListen(listener, ADDRESS)
  const clients = Miou.orphans<void>()
  let served = 0
  for (;;) {
    for (let done = Miou.care(clients); done; done = Miou.care(clients)) yield* Miou.await(done)
    const next = yield* acceptOrDie(listener, stopping)
    if (next === undefined) break
    served++
    yield* log('domain', Miou.Domain.self(), 'has a client at', next.address)
    Miou.async(() => echo(next.client), { give: [Unix.Ownership.resource(next.client)], orphans: clients })
  }
  Unix.Ownership.close(listener)
  yield* Miou.drain(clients)
  return served
})

await Miou.main(import.meta, function* () {
  const stopping = new Int32Array(new SharedArrayBuffer(4))
  Unix.sysSignal('SIGINT', function* () {
    // A second ^C does not wait for anybody.
    if (stopping[0] !== 0) process.exit(130)
    using _ = yield* Miou.Mutex.lock(guard)
    stopping[0] = 1
    Miou.Condition.broadcast(stop)
  })

  // First the server of this domain and those of the others, then the waiting: the other way round, they never start.
  const here = Miou.async(() => server(stopping))
  yield* log('nc %s %d', ADDRESS.host, ADDRESS.port)
  const there = yield* Miou.parallel(server, new Array<Int32Array>(Miou.Domain.available()).fill(stopping))
  for (const [domain, result] of [yield* Miou.await(here), ...there].entries()) {
    if (!result.ok) throw result.error
    yield* log('server %d served %d clients', domain, result.value)
  }
})
