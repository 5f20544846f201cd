import type { ExecutionContext } from 'ava'
import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { echo, greet, holdsUp, leave, listen, readSome, relay, take } from '../programs/moving.js'
import { test } from '../support/case.js'
import { closing, connection, readAll, settle, throwsIn } from '../support/loopback.js'
import { refuses } from '../support/refusal.js'
import { reaches, words } from '../support/waiting.js'

const { Ownership } = Unix

/** A test case whose body is main of a run with two more domains. */
function onThree(title: string, body: (t: ExecutionContext) => Generator<Miou.Suspension, unknown>): void {
  test(title, async (t) => {
    await Miou.run(() => body(t), { domains: 2 })
  })
}

onThree('a plain descriptor moves as an argument, and its handle here is dead', function* (t) {
  const [client, server] = yield* connection()
  const task = Miou.call(echo, [server])
  for (const use of [() => Unix.read(server, Buffer.alloc(1)), () => Unix.close(server), () => Unix.address(server)]) {
    refuses(t, use, Miou.Closed)
  }
  refuses(t, () => Ownership.read(server, Buffer.alloc(1)), Miou.NotOwner)
  refuses(t, () => Miou.call(echo, [server]), Miou.Closed)
  yield* Unix.write(client, 'over there')
  Unix.shutdown(client, 'write')
  t.is((yield* readAll(client)).toString(), 'over there')
  const [domain, total] = yield* task
  t.not(domain, 0)
  t.is(total, 10)
  Unix.close(client)
})

onThree('bytes that were received already, and those that a cancelled read gave back, move with it', function* (t) {
  const [client, server] = yield* connection()
  const reading = Miou.async(() => Unix.reallyRead(server, Buffer.alloc(100)))
  yield* Unix.write(client, 'seen by nobody, ')
  yield* settle()
  yield* Miou.cancel(reading)
  yield* Unix.write(client, 'in the system, ')
  yield* settle()
  const task = Miou.call(echo, [server])
  yield* Unix.write(client, 'after the move')
  Unix.shutdown(client, 'write')
  t.is((yield* readAll(client)).toString(), 'seen by nobody, in the system, after the move')
  yield* task
  Unix.close(client)
})

onThree(
  'one whose read has ended does not move until its task has seen that: its bytes could not go back',
  function* (t) {
    const [client, server] = yield* connection()
    const buf = Buffer.alloc(4)
    // Both reads end in one turn, and the task of the first runs on before that of the second.
    const first = Miou.async(function* () {
      yield* Unix.read(server, buf, { len: 2 })
      refuses(t, () => Miou.call(echo, [server]), Miou.InvalidArgument, /in use/)
    })
    const second = Miou.async(() => Unix.read(server, buf, { off: 2 }))
    yield* settle()
    yield* Unix.write(client, 'abcd')
    yield* first
    t.is(yield* second, 2)
    t.is(buf.toString(), 'abcd')
    const task = Miou.call(echo, [server])
    Unix.shutdown(client, 'write')
    yield* task
    Unix.close(client)
  },
)

onThree(
  'where it comes back, the same handle works again, and it may go round for as long as one likes',
  function* (t) {
    const [client, server] = yield* connection()
    for (let round = 0; round < 5; round++) {
      yield* Unix.write(client, `round ${round}`)
      const { fd, text } = yield* Miou.call(readSome, [server, 7])
      t.is(text, `round ${round}`)
      t.is(fd, server)
      yield* Unix.write(server, 'x')
      t.is(yield* Unix.read(client, Buffer.alloc(9)), 1)
    }
    closing(client, server)
  },
)

onThree('an owned one crosses by give alone, and comes back by transfer', function* (t) {
  const [client, server] = yield* connection()
  const resource = Ownership.resource(server)
  Miou.Ownership.own(resource)
  refuses(t, () => Miou.call(greet, [server, 'no']), Miou.InvalidArgument, /give/)
  Miou.Ownership.check(resource)
  for (let round = 0; round < 3; round++) {
    const task = Miou.call(greet, [server, `hello ${round}`], { give: [resource] })
    refuses(t, () => Ownership.write(server, 'x'), Miou.NotOwner)
    t.is(yield* task, server)
    Ownership.setOptions(server, { noDelay: true })
  }
  Ownership.close(server)
  t.is((yield* readAll(client)).toString(), 'hello 0hello 1hello 2')
  Unix.close(client)
})

onThree('a task that fails on another domain has its descriptor closed there', function* (t) {
  const [client, server] = yield* connection()
  Miou.Ownership.own(Ownership.resource(server))
  const result = yield* Miou.await(Miou.call(take, [server], { give: [Ownership.resource(server)] }))
  t.true(!result.ok && /failed on domain [^0]/.test((result.error as Error).message))
  t.is((yield* readAll(client)).toString(), 'taken')
  refuses(t, () => Ownership.close(server), Miou.NotOwner)
  Unix.close(client)
})

onThree('one that a task waits on is refused, and nothing has moved', function* (t) {
  const [client, server] = yield* connection()
  const reading = Miou.async(() => Unix.read(server, Buffer.alloc(1)))
  yield* settle()
  refuses(t, () => Miou.call(echo, [server]), Miou.InvalidArgument, /in use/)
  yield* Unix.write(client, 'x')
  t.is(yield* reading, 1)
  const writing = Miou.async(() => Unix.write(server, Buffer.alloc(10_000_000)))
  yield* settle()
  for (let i = 0; i < 30; i++) {
    refuses(t, () => Miou.call(echo, [server]), Miou.InvalidArgument, /in use/)
    yield* Miou.yield()
    yield* Unix.readView(client)
  }
  yield* Miou.cancel(writing)
  closing(client, server)
})

onThree('a descriptor that was made elsewhere arrives in a result, whatever is around it', function* (t) {
  const { fd: listener, address } = yield* Miou.call(listen, [])
  t.deepEqual(Unix.address(listener), address)
  const client = Unix.tcpv4()
  yield* Unix.connect(client, address)
  const [server] = yield* Unix.accept(listener)
  closing(listener, client, server)
})

onThree(
  'a live connection goes from domain to domain in the middle of its stream: no byte is lost, or sent twice',
  function* (t) {
    /** Serves a connection wherever it is just then, some bytes at a time; on how many domains. */
    function* wander(server: Unix.FileDescr, seed: number) {
      const resource = Ownership.resource(server)
      const seen = new Set<number>()
      for (let hop = seed; ; hop++) {
        const domains = Miou.Domain.all()
        const pin = domains[(hop * 7 + (hop >> 2)) % domains.length]!
        const most = 1 + ((hop * 7919) % 30_000)
        seen.add(pin)
        const give = [resource]
        const there =
          pin === 0 ? Miou.async(() => relay(server, most), { give }) : Miou.call(relay, [server, most], { pin, give })
        refuses(t, () => Ownership.readView(server), Miou.NotOwner)
        if ((yield* there) < most) break
      }
      Ownership.close(server)
      return seen.size
    }
    const sent = Array.from({ length: 10 }, (_, i) => Buffer.alloc(400_000 + i, `the bytes of ${i}, `))
    const tasks = sent.map((data, i) =>
      Miou.async(function* () {
        const [client, server] = yield* connection()
        Miou.Ownership.own(Ownership.resource(server))
        const wandering = Miou.async(() => wander(server, i), { give: [Ownership.resource(server)] })
        const writing = Miou.async(function* () {
          yield* Unix.write(client, data)
          Unix.shutdown(client, 'write')
        })
        t.true((yield* readAll(client)).equals(data), `connection ${i} got other bytes`)
        yield* writing
        Unix.close(client)
        return yield* wandering
      }),
    )
    for (const task of tasks) t.is(yield* task, 3)
  },
)

onThree('one in a remote result that nobody reads is closed', function* (t) {
  const task = Miou.call(listen, [])
  const parent = Miou.async(function* () {
    const inner = Miou.call(listen, [])
    while (inner.state === 'running') yield* Unix.sleep(1)
    throw new Error('fails')
  })
  yield* Miou.await(parent)
  while (task.state === 'running') yield* Unix.sleep(1)
  yield* Miou.cancel(task)
  t.pass()
})

test('descriptors that are left open on other domains are closed at the end of the run, and counted with the others', async (t) => {
  const warnings: Error[] = []
  const note = (warning: Error): void => void warnings.push(warning)
  process.on('warning', note)
  await Miou.run(
    function* () {
      Unix.tcpv4()
      yield* Miou.awaitAll([Miou.call(leave, []), Miou.call(leave, [])])
    },
    { domains: 2 },
  )
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', note)
  t.is(warnings.length, 1)
  t.regex(warnings[0]!.message, /^3 descriptors were/)
})

onThree('a closed one does not cross', function* (t) {
  const fd = Unix.tcpv4()
  Unix.close(fd)
  refuses(t, () => Miou.call(echo, [fd]), Miou.Closed)
  yield* throwsIn(t, () => Unix.read(fd, Buffer.alloc(1)), Miou.Closed)
})

onThree(
  'what came with a call that is cancelled before its body begins is closed then, wherever it is in it',
  function* (t) {
    const shared = words(2)
    const pin = Miou.Domain.all()[1]!
    for (const wrap of [(fd: Unix.FileDescr) => fd, (fd: Unix.FileDescr) => new Map([[{ fd }, 1]])]) {
      shared.fill(0)
      const [client, server] = yield* connection()
      const holding = Miou.call(holdsUp, [shared], { pin })
      yield* reaches(shared, 0)
      const task = Miou.call(echo as (fd: unknown) => Miou.Operation<unknown>, [wrap(server)], { pin })
      const releases = Miou.async(function* () {
        yield* settle()
        Atomics.store(shared, 1, 1)
      })
      yield* Miou.cancel(task)
      t.is((yield* readAll(client)).length, 0)
      Unix.close(client)
      yield* holding
      yield* releases
    }
  },
)
