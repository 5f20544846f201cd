// An echo server with the manners that production asks for: a limit on connections, idle and total timeouts, an end in
// order with a deadline, a listener that systemd hands over, and a load balancer in front that says who the client is.
//
//   npm run build && npx tsc -p examples && node dist-examples/production.js
//   systemd-socket-activate --listen 127.0.0.1:3000 node dist-examples/production.js

import * as Miou from 'miou'
import * as Unix from 'miou/unix'

const setting = (name: string, otherwise: number) => Number(process.env[name] ?? otherwise)

const ADDRESS = { host: '127.0.0.1', port: setting('PORT', 3000) }
/** Clients of each domain at a time. */
const PLACES = setting('PLACES', 1000)
/** Milliseconds in which a client has to say something, and in which it has to be done. */
const IDLE = setting('IDLE', 60_000)
const TOTAL = setting('TOTAL', 3_600_000)
/** Milliseconds in which everybody has to be done once the server ends. */
const DRAIN = setting('DRAIN', 10_000)
/** Whether each connection begins with a header of the PROXY protocol. */
const PROXY = process.env.PROXY === '1'

/** Sends a client back what it sends, and notes when that was. */
function* echo(client: Unix.FileDescr, seen: { at: number }) {
  if (PROXY) {
    const { source } = yield* Unix.proxyHeader(client)
    Miou.print('a client at', source)
  }
  for (let view = yield* Unix.readView(client); view.length > 0; view = yield* Unix.readView(client)) {
    yield* Unix.write(client, view)
    seen.at = performance.now()
  }
}

/** Ends once nothing has happened for too long. Nothing is set or cleared when something does: it looks when that was. */
function* silence(seen: { at: number }) {
  for (let left = IDLE; left > 0; left = seen.at + IDLE - performance.now()) yield* Unix.sleep(left)
  throw new Error('silent')
}

/** Serves a client. The descriptor is this task's: it is closed however this ends. */
function* connection(client: Unix.FileDescr) {
  const seen = { at: performance.now() }
  const { ok } = yield* Miou.timeout(TOTAL, function* () {
    return yield* Miou.awaitFirst([Miou.async(() => echo(client, seen)), Miou.async(() => silence(seen))])
  })
  if (ok) Unix.Ownership.close(client)
  else throw new Error('the client was silent, or broke off')
}

/** A place for one client at a time. When all are taken, who comes waits in the backlog: nobody accepts. */
function* place(listener: Unix.FileDescr, count: { accepted: number }) {
  for (;;) {
    let client: Unix.FileDescr
    try {
      ;[client] = yield* Unix.accept(listener)
    } catch (error) {
      if (error instanceof Miou.Closed) return
      throw error
    }
    count.accepted++
    const resource = Unix.Ownership.resource(client)
    Miou.Ownership.own(resource)
    // An error ends this client alone, and closes its connection.
    yield* Miou.await(Miou.async(() => connection(client), { give: [resource] }))
  }
}

/** Lets clients in until the server ends, then those that wait in the backlog, and is over when all are served. */
function* door(listener: Unix.FileDescr, stopping: Int32Array) {
  const count = { accepted: 0 }
  const places = Array.from({ length: PLACES }, () => Miou.async(() => place(listener, count)))
  yield* untilStopped(stopping)
  for (let before = -1; count.accepted > before; yield* Unix.sleep(1)) before = count.accepted
  Unix.Ownership.close(listener)
  for (const result of yield* Miou.awaitAll(places)) if (!result.ok) throw result.error
  return `${count.accepted} clients were served to their end`
}

const guard = Miou.Mutex.create('production: stop')
const changed = Miou.Condition.create('production: stop')

function* untilStopped(stopping: Int32Array) {
  using _ = yield* Miou.Mutex.lock(guard)
  while (stopping[0] === 0) yield* Miou.Condition.wait(changed, guard)
}

/** The server of one domain: on its own listener, or on the one that it is handed. */
const serve = Miou.portable(import.meta, function* serve(handed: Unix.FileDescr | undefined, stopping: Int32Array) {
  const listener = handed ?? Unix.tcpv4()
  if (handed === undefined) Unix.bindAndListen(listener, ADDRESS)
  const resource = Unix.Ownership.resource(listener)
  Miou.Ownership.own(resource)
  const serving = Miou.async(() => door(listener, stopping), { give: [resource] })
  const deadline = Miou.async(function* () {
    yield* untilStopped(stopping)
    yield* Unix.sleep(DRAIN)
    return 'those who were there were cut off'
  })
  const first = yield* Miou.awaitFirst([serving, deadline])
  if (!first.ok) throw first.error
  return first.value
})

await Miou.main(import.meta, function* () {
  const stopping = new Int32Array(new SharedArrayBuffer(4))
  Unix.sysSignal('SIGTERM', function* () {
    using _ = yield* Miou.Mutex.lock(guard)
    stopping[0] = 1
    Miou.Condition.broadcast(changed)
  })
  const [handed] = Unix.inherited()
  const servers = Miou.Domain.all().map((pin) => {
    // Each domain accepts on a descriptor of its own.
    const listener = handed && Unix.duplicate(handed)
    return pin === 0 ? Miou.async(() => serve(listener, stopping)) : Miou.call(serve, [listener, stopping], { pin })
  })
  if (handed) Unix.close(handed)
  Miou.print('listening')
  for (const result of yield* Miou.awaitAll(servers)) Miou.print(result.ok ? result.value : result.error)
})
