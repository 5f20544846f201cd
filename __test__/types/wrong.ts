// Programs that the types must refuse, each on the one line that says so, with the code of the compiler's error; the other
// lines must compile. Compiled by __test__/types.ts alone.

import * as Miou from 'miou'
import * as Node from 'miou/node'
import * as Unix from 'miou/unix'

function* body() {
  const number = Miou.async(function* () {
    return 1
  })
  const text = Miou.async(function* () {
    return 'text'
  })
  const one: number = yield* Miou.awaitExn(number)
  const two: string = yield* Miou.awaitExn(number) // wrong: TS2322
  const three: number = yield* number
  const result = yield* Miou.await(text)
  result.value // wrong: TS2339
  result.error // wrong: TS2339
  if (result.ok) result.value.length
  else result.error.message // wrong: TS18046
  const [a, b] = yield* Miou.awaitAll([number, text])
  if (a.ok && b.ok) b.value.length + a.value
  if (b.ok) b.value.toFixed() // wrong: TS2551
  const winner = yield* Miou.awaitFirst([number, text])
  if (winner.ok) winner.value.length // wrong: TS2339
  yield* Miou.awaitOne(number) // wrong: TS2740
  yield* Miou.cancel(1) // wrong: TS2345
  number.state = 'running' // wrong: TS2540
  if (number.state === 'over') return 0 // wrong: TS2367
  return one + two.length + three
}

function* spawning() {
  Miou.async(async () => {}) // wrong: TS2345
  Miou.async((function* () {})()) // wrong: TS2345
  function* foreign() {
    yield Promise.resolve()
  }
  Miou.async(foreign) // wrong: TS2345
  function* numbers() {
    yield 1
  }
  Miou.async(numbers) // wrong: TS2345
  const r = Miou.Ownership.create(1, (value) => value.toFixed())
  Miou.async(body, { give: [r] })
  Miou.async(body, { give: r }) // wrong: TS2740
  Miou.async(body, { give: [1] }) // wrong: TS2322
  Miou.async(body, { name: 1 }) // wrong: TS2322
  Miou.async(body, { pin: 1 }) // wrong: TS2353
  const orphans = Miou.orphans<number>()
  Miou.async(body, { orphans })
  Miou.async(() => Unix.resolve('localhost'), { orphans }) // wrong: TS2322
  Miou.async(body, { orphans: { length: 0 } }) // wrong: TS2741
  const stored = yield* Miou.get(orphans)
  stored.ok // wrong: TS18048
  Miou.care(orphans)?.id
  Miou.take(orphans).id // wrong: TS2532
  const all: Miou.Result<string>[] = yield* Miou.drain(orphans) // wrong: TS2322
  yield* Miou.timeout('1s', body) // wrong: TS2345
  yield* Miou.timeout(1, body()) // wrong: TS2345
  const late: string = yield* Miou.timeout(1, body) // wrong: TS2322
  const shielded: string = yield* Miou.shield(body) // wrong: TS2322
  return [all, late, shielded]
}

function* crossing() {
  const square = Miou.portable(import.meta, function* square(x: number) {
    return x * x
  })
  Miou.portable(function* () {}) // wrong: TS2554
  Miou.portable(import.meta, 'square') // wrong: TS2345
  Miou.call(square, [2])
  Miou.call(square, ['two']) // wrong: TS2322
  Miou.call(square, []) // wrong: TS2345
  Miou.call(square, [2, 3]) // wrong: TS2345
  Miou.call(square, 2) // wrong: TS2345
  Miou.call(square, [2], { pin: 'one' }) // wrong: TS2322
  Miou.call(square, [2], { transfer: new ArrayBuffer(8) }) // wrong: TS2740
  const results: Miou.Result<number>[] = yield* Miou.parallel(square, [1, 2])
  yield* Miou.parallel(square, ['one']) // wrong: TS2322
  const domain: string = Miou.Domain.self() // wrong: TS2322
  Miou.Hook.add(1) // wrong: TS2345
  Miou.Hook.remove({ fn: () => {} }) // wrong: TS2353
  Miou.Trace.setReporter((event) => event.type === 'never') // wrong: TS2367
  Miou.Trace.setReporter((event) => event.type === 'spawn' && event.parent)
  Miou.Trace.setReporter((event) => event.parent) // wrong: TS2339
  return [results, domain]
}

function* owning() {
  const r = Miou.Ownership.create('text', (value) => value.length)
  Miou.Ownership.create('text', (value: number) => value) // wrong: TS2345
  Miou.Ownership.create('text') // wrong: TS2554
  const value: number = r.value // wrong: TS2322
  r.value = 'other' // wrong: TS2540
  Miou.Ownership.own({ value: 'text' }) // wrong: TS2741
  Miou.Ownership.release('text') // wrong: TS2345
  yield* Miou.Ownership.transfer(Unix.tcpv4()) // wrong: TS2739
  yield* Miou.Ownership.transfer(Unix.Ownership.resource(Unix.tcpv4()))
  return value
}

function* synchronising() {
  const m = Miou.Mutex.create()
  const c = Miou.Condition.create('named')
  using _ = yield* Miou.Mutex.lock(m)
  yield* Miou.Mutex.lock(c) // wrong: TS2345
  yield* Miou.Mutex.lock({ name: 'text' }) // wrong: TS2741
  Miou.Mutex.unlock(c) // wrong: TS2345
  Miou.Mutex.create(1) // wrong: TS2345
  yield* Miou.Mutex.protect(m, 1) // wrong: TS2345
  yield* Miou.Condition.wait(c) // wrong: TS2554
  yield* Miou.Condition.wait(m, c) // wrong: TS2345
  Miou.Condition.signal(m) // wrong: TS2345
  const q = Miou.Queue.create<number>()
  Miou.Queue.enqueue(q, 'text') // wrong: TS2345
  const taken: string = Miou.Queue.dequeue(q) // wrong: TS2322
  Miou.Queue.drop(q, (value) => value.length) // wrong: TS2339
  Miou.Queue.length(m) // wrong: TS2741
  const lazy = Miou.Lazy.fromFunction(body)
  const forced: string = yield* Miou.Lazy.force(lazy) // wrong: TS2322
  Miou.Lazy.fromFunction(1) // wrong: TS2345
  const t = Miou.Trigger.create()
  Miou.Trigger.signal(m) // wrong: TS2345
  yield* Miou.Trigger.await(c) // wrong: TS2345
  Miou.Trigger.onSignal(t) // wrong: TS2554
  const cell = Miou.Computation.create<number>()
  Miou.Computation.tryReturn(cell, 'text') // wrong: TS2345
  const found: number = Miou.Computation.peek(cell) // wrong: TS2322
  Miou.Computation.tryAttach(cell, m) // wrong: TS2345
  const cellValue: string = yield* Miou.Computation.awaitExn(cell) // wrong: TS2322
  yield* Miou.protect({ onCancellation: () => {} }, body) // wrong: TS2741
  yield* Miou.protect({ finally: (cancelled) => cancelled.length }, body) // wrong: TS2339
  return [taken, forced, found, cellValue]
}

function* events() {
  const s = Miou.syscall('named')
  Miou.syscall(1) // wrong: TS2345
  yield* Miou.suspend('named') // wrong: TS2345
  yield* Miou.suspend({ uid: 1, name: 'named' }) // wrong: TS2741
  yield* Miou.suspend(s, 1) // wrong: TS2345
  Miou.signal(1) // wrong: TS2345
  Miou.run(body, { events: () => ({ select: () => [] }) })
  Miou.run(body, { events: () => ({}) }) // wrong: TS2322
  Miou.run(body, { events: () => ({ select: () => [1] }) }) // wrong: TS2322
}

function* sockets() {
  const fd = Unix.tcpv4()
  Unix.bindAndListen(fd, { host: '127.0.0.1', port: 0 })
  Unix.bindAndListen(fd, { host: '127.0.0.1' }) // wrong: TS2345
  Unix.bindAndListen(fd, { path: '/run/app.sock' })
  Unix.bindAndListen(fd, { path: '/run/app.sock' }, { reuseport: 'all' }) // wrong: TS2322
  const [client, peer] = yield* Unix.accept(fd)
  if ('host' in peer) peer.port
  peer.port // wrong: TS2339
  yield* Unix.connect(fd, 'localhost:80') // wrong: TS2345
  yield* Unix.read(client, new Uint8Array(8))
  yield* Unix.read(client, 'text') // wrong: TS2345
  yield* Unix.read(client, new Uint8Array(8), { offset: 1 }) // wrong: TS2353
  yield* Unix.read(3, new Uint8Array(8)) // wrong: TS2345
  yield* Unix.read({ [Symbol.dispose]() {} }, new Uint8Array(8)) // wrong: TS2741
  yield* Unix.readView(client, 1024) // wrong: TS2559
  yield* Unix.write(client, 8) // wrong: TS2345
  yield* Unix.sendto(client, 'text', 80) // wrong: TS2345
  Unix.shutdown(client, 'all') // wrong: TS2345
  Unix.setOptions(client, { noDelay: 1 }) // wrong: TS2322
  Unix.setOptions(client, { nodelay: true }) // wrong: TS2561
  Unix.close(3) // wrong: TS2345
  Unix.ofFileDescr('0') // wrong: TS2345
  yield* Unix.resolve('localhost', { family: 5 }) // wrong: TS2322
  yield* Unix.sleep('1s') // wrong: TS2345
  Unix.sysSignal('SIGNOT', 'ignore') // wrong: TS2345
  Unix.sysSignal('SIGINT', () => {})
  Unix.sysSignal('SIGINT', 'stop') // wrong: TS2345
  yield* Unix.Ownership.write(client, 8) // wrong: TS2345
  client.index // wrong: TS2339
  const signal: number = Node.abortSignal() // wrong: TS2322
  const awaited: string = yield* Node.until(Promise.resolve(1)) // wrong: TS2322
  Node.toDuplex(3) // wrong: TS2345
  Node.scope().run(body()) // wrong: TS2345
  return [signal, awaited]
}

Miou.run(body, { domains: 1 })
Miou.run(body, { domain: 1 }) // wrong: TS2561
Miou.run(body, { domains: '1' }) // wrong: TS2322
Miou.run(body, { signal: 'SIGINT' }) // wrong: TS2322
Miou.run(body()) // wrong: TS2345
Miou.main(body) // wrong: TS2554
Miou.main(import.meta, body)
const answer: Promise<string> = Miou.run(body) // wrong: TS2322
void [answer, spawning, crossing, owning, synchronising, events, sockets, new Miou.Cancelled('enough').suppressed]
new Miou.Cancelled('enough').suppressed.length
new Miou.TimeoutError('late').suppressed // wrong: TS2339
