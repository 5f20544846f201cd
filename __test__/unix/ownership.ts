import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { hang } from '../programs/numbers.js'
import { test } from '../support/case.js'
import { closing, connection, datagrams, onOneDomain, readAll, settle } from '../support/loopback.js'
import { hasIPv6 } from '../support/machine.js'
import { refuses } from '../support/refusal.js'
import { never } from '../support/waiting.js'

const { Ownership } = Unix
const loopback = { host: '127.0.0.1', port: 0 }

/** A listener that the current task owns, and its address. */
function owned(): [Unix.FileDescr, Unix.Address] {
  const listener = Ownership.tcpv4()
  Ownership.bindAndListen(listener, loopback)
  return [listener, Ownership.address(listener)]
}

onOneDomain('it has every name that Unix has, run and main too', function* (t) {
  const names = Object.keys(Unix).filter((name) => name !== 'Ownership')
  const missing = names.filter((name) => !(name in Ownership))
  t.deepEqual(missing, [])
  t.deepEqual(
    Object.keys(Ownership).filter((name) => !(name in Unix)),
    ['resource'],
  )
})

onOneDomain('what makes a descriptor has the current task own it, what uses one checks that', function* (t) {
  const [listener, address] = owned()
  const client = Ownership.tcpv4()
  yield* Ownership.connect(client, address, { noDelay: true })
  const [server, peer] = yield* Ownership.accept(listener, { keepAlive: 1000 })
  t.deepEqual(peer, Ownership.address(client))
  t.deepEqual(Ownership.peer(server), peer)
  Ownership.setOptions(server, { noDelay: true })
  yield* Ownership.write(client, 'owned')
  const buf = Buffer.alloc(8)
  t.is(yield* Ownership.read(server, buf, { len: 2 }), 2)
  yield* Ownership.reallyRead(server, buf, { len: 3 })
  yield* Ownership.write(server, buf, { len: 3 })
  t.is((yield* Ownership.readView(client)).length, 3)
  Ownership.shutdown(client, 'write')
  t.is(yield* Ownership.read(server, buf), 0)
  t.true(Ownership.toFileDescr(server) > 2)

  const udp = Ownership.udpv4()
  Ownership.bindAndListen(udp, loopback)
  t.is(yield* Ownership.sendto(udp, 'x', Ownership.address(udp)), 1)
  t.is((yield* Ownership.recvfrom(udp, buf)).length, 1)
  const sixes = hasIPv6(t) ? [Ownership.tcpv6(), Ownership.udpv6()] : []
  for (const fd of [listener, client, server, udp, ...sixes, Ownership.unixSocket()]) {
    t.is(Ownership.resource(fd).value, fd)
    Miou.Ownership.check(Ownership.resource(fd))
    Ownership.close(fd)
  }
})

/** Every use of a descriptor through `Unix.Ownership`. */
function uses(fd: Unix.FileDescr): (() => unknown)[] {
  return [
    () => Ownership.read(fd, Buffer.alloc(1)),
    () => Ownership.readView(fd),
    () => Ownership.reallyRead(fd, Buffer.alloc(1)),
    () => Ownership.write(fd, 'x'),
    () => Ownership.accept(fd),
    () => Ownership.connect(fd, loopback),
    () => Ownership.recvfrom(fd, Buffer.alloc(1)),
    () => Ownership.sendto(fd, 'x', loopback),
    () => Ownership.bindAndListen(fd, loopback),
    () => Ownership.shutdown(fd),
    () => Ownership.setOptions(fd, {}),
    () => Ownership.address(fd),
    () => Ownership.peer(fd),
    () => Ownership.toFileDescr(fd),
    () => Ownership.close(fd),
  ]
}

onOneDomain(
  'B13: a task that does not own a descriptor is NotOwner at every use; the plain functions take it',
  function* (t) {
    const [listener, address] = owned()
    const child = Miou.async(function* () {
      for (const use of uses(listener))
        refuses(t, use, Miou.NotOwner, /does not own the descriptor: task 1 \(main\) does/)
      return Unix.address(listener)
    })
    t.deepEqual(yield* child, address)
    Ownership.close(listener)
  },
)

onOneDomain(
  'one that nobody owns is NotOwner, one that is closed too, and what is no descriptor is InvalidArgument',
  function* (t) {
    const plain = Unix.tcpv4()
    for (const use of uses(plain)) refuses(t, use, Miou.NotOwner, /nobody does/)
    Unix.close(plain)
    for (const use of uses(plain)) refuses(t, use, Miou.NotOwner, /closed/)
    const fd = Ownership.tcpv4()
    Ownership.close(fd)
    for (const use of uses(fd)) refuses(t, use, Miou.NotOwner, /closed/)
    refuses(t, () => Unix.read(fd, Buffer.alloc(1)), Miou.Closed)
    for (const wrong of [undefined, null, 3, {}]) {
      for (const use of uses(wrong as never)) refuses(t, use, Miou.InvalidArgument, /takes a descriptor/)
    }
    refuses(t, () => Ownership.resource({} as never), Miou.InvalidArgument)
  },
)

onOneDomain('a plain descriptor can be owned through its resource', function* (t) {
  const [client, server] = yield* connection()
  Miou.Ownership.own(Ownership.resource(client))
  yield* Ownership.write(client, 'now mine')
  Miou.Ownership.disown(Ownership.resource(client))
  refuses(t, () => Ownership.write(client, 'x'), Miou.NotOwner)
  yield* Unix.write(client, ', now plain')
  Unix.close(client)
  t.is((yield* readAll(server)).toString(), 'now mine, now plain')
  Unix.close(server)
})

onOneDomain(
  'close disowns and closes, the plain one as well; where another task owns it, it is NotOwner',
  function* (t) {
    const mine = Ownership.tcpv4()
    Ownership.close(mine)
    const too = Ownership.tcpv4()
    Unix.close(too)
    refuses(t, () => Miou.Ownership.check(Ownership.resource(too)), Miou.NotOwner)
    const fd = Ownership.tcpv4()
    yield* Miou.async(function* () {
      refuses(t, () => Unix.close(fd), Miou.NotOwner, /task 1 \(main\) owns/)
      fd[Symbol.dispose]()
    })
    Ownership.close(fd)
  },
)

onOneDomain("given to a child, a descriptor is the child's; it comes back by transfer", function* (t) {
  const [listener, address] = owned()
  const child = Miou.async(
    function* () {
      const [server] = yield* Ownership.accept(listener)
      yield* Miou.Ownership.transfer(Ownership.resource(server))
      yield* Miou.Ownership.transfer(Ownership.resource(listener))
      refuses(t, () => Ownership.address(server), Miou.NotOwner)
      return server
    },
    { give: [Ownership.resource(listener)] },
  )
  refuses(t, () => Ownership.accept(listener), Miou.NotOwner)
  const client = Ownership.tcpv4()
  yield* Ownership.connect(client, address)
  const server = yield* child
  yield* Ownership.write(server, 'back')
  for (const fd of [listener, client, server]) Ownership.close(fd)
})

onOneDomain(
  'B12: a task that fails or is cancelled loses its descriptors to their finaliser, and the server goes on',
  function* (t) {
    const [listener, address] = owned()
    const failing = Miou.async(function* () {
      Ownership.tcpv4()
      throw new Error('B12')
    })
    t.false((yield* Miou.await(failing)).ok)
    const clients = [Unix.tcpv4(), Unix.tcpv4()]
    const handlers: Miou.Task<unknown>[] = []
    for (const client of clients) {
      yield* Unix.connect(client, address)
      const [server] = yield* Ownership.accept(listener)
      const fails = handlers.length === 0
      handlers.push(
        Miou.async(
          function* () {
            yield* Ownership.write(server, 'hello')
            if (fails) throw new Error('handler')
            yield* Miou.suspend(Miou.syscall('never'))
          },
          { give: [Ownership.resource(server)] },
        ),
      )
    }
    yield* settle()
    yield* Miou.cancel(handlers[1]!)
    const first = yield* Miou.await(handlers[0]!)
    t.true(!first.ok && (first.error as Error).message === 'handler')
    for (const client of clients) t.is((yield* readAll(client)).toString(), 'hello', 'closed by the finaliser')
    closing(...clients)
    Ownership.close(listener)
  },
)

onOneDomain(
  'an accept that is cancelled at whatever moment leaves no connection behind, and loses none',
  function* (t) {
    const [listener, address] = owned()
    for (let moment = 0; moment < 8; moment++) {
      let got: Unix.FileDescr | undefined
      const accepting = Miou.async(
        function* () {
          try {
            ;[got] = yield* Ownership.accept(listener)
            yield* Miou.Ownership.transfer(Ownership.resource(got))
          } finally {
            yield* Miou.Ownership.transfer(Ownership.resource(listener))
          }
        },
        { give: [Ownership.resource(listener)] },
      )
      const client = Unix.tcpv4()
      const connecting = Miou.async(() => Unix.connect(client, address))
      // One that has not begun is not cancelled here: what it was given would be finalised, the listener closed.
      for (let i = 0; i <= moment; i++) yield* Miou.yield()
      yield* Miou.cancel(accepting)
      yield* connecting
      if (got === undefined) [got] = yield* Ownership.accept(listener)
      yield* Ownership.write(got, 'served')
      Ownership.close(got)
      t.is((yield* readAll(client)).toString(), 'served', `moment ${moment}`)
      Unix.close(client)
    }
    Ownership.close(listener)
  },
)

onOneDomain('ownership is checked where an operation begins', function* (t) {
  const [client, server] = yield* connection()
  Miou.Ownership.own(Ownership.resource(server))
  const buf = Buffer.alloc(4)
  const [udp] = datagrams()
  const reading = Miou.async(
    function* () {
      const length = yield* Ownership.read(server, buf)
      yield* Miou.Ownership.transfer(Ownership.resource(server))
      return length
    },
    { give: [Ownership.resource(server)] },
  )
  yield* settle()
  yield* Unix.write(client, 'late')
  t.is(yield* reading, 4)
  Ownership.close(server)
  closing(client, udp)
})

test('a descriptor that is closed, or on another domain, is neither owned nor given here', async (t) => {
  await Miou.run(
    function* () {
      const closed = Unix.Ownership.tcpv4()
      Unix.Ownership.close(closed)
      const moved = Unix.Ownership.tcpv4()
      const resource = Unix.Ownership.resource(moved)
      const holder = Miou.call(hang, [], { give: [resource] })
      for (const one of [Unix.Ownership.resource(closed), resource]) {
        refuses(t, () => Miou.Ownership.own(one), Miou.Closed, /Ownership\.own/)
        refuses(t, () => Miou.async(never, { give: [one] }), Miou.Closed, /give/)
        refuses(t, () => Miou.call(hang, [], { give: [one] }), Miou.Closed, /give/)
      }
      yield* Miou.cancel(holder)
    },
    { domains: 1 },
  )
})
