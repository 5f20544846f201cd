import { fstatSync } from 'node:fs'
import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { test } from '../support/case.js'
import { closing, connection, datagrams, listening, onOneDomain, readAll, settle } from '../support/loopback.js'
import { refuses } from '../support/refusal.js'

onOneDomain('close ends a descriptor: every use of it afterwards is Closed', function* (t) {
  const [client, server] = yield* connection()
  const [udp, there] = datagrams()
  closing(client, udp)
  const uses: (() => unknown)[] = [
    () => Unix.close(client),
    () => Unix.read(client, Buffer.alloc(1)),
    () => Unix.readView(client),
    () => Unix.reallyRead(client, Buffer.alloc(1)),
    () => Unix.write(client, 'x'),
    () => Unix.accept(client),
    () => Unix.connect(client, there),
    () => Unix.recvfrom(udp, Buffer.alloc(1)),
    () => Unix.sendto(udp, 'x', there),
    () => Unix.bindAndListen(udp, there),
    () => Unix.shutdown(client),
    () => Unix.setOptions(client, {}),
    () => Unix.address(client),
    () => Unix.peer(client),
    () => Unix.toFileDescr(client),
  ]
  for (const use of uses) refuses(t, use, Miou.Closed, /closed, or has moved/)
  t.is((yield* readAll(server)).length, 0)
  Unix.close(server)
})

onOneDomain('what is no descriptor is refused everywhere', function* (t) {
  const wrong = 3 as unknown as Unix.FileDescr
  const uses: (() => unknown)[] = [
    () => Unix.close(wrong),
    () => Unix.read(wrong, Buffer.alloc(1)),
    () => Unix.readView(wrong),
    () => Unix.reallyRead(wrong, Buffer.alloc(1)),
    () => Unix.write(wrong, 'x'),
    () => Unix.accept(wrong),
    () => Unix.connect(wrong, { path: '/x' }),
    () => Unix.recvfrom(wrong, Buffer.alloc(1)),
    () => Unix.sendto(wrong, 'x', { path: '/x' }),
    () => Unix.bindAndListen(wrong, { path: '/x' }),
    () => Unix.shutdown(wrong),
    () => Unix.setOptions(wrong, {}),
    () => Unix.address(wrong),
    () => Unix.peer(wrong),
    () => Unix.toFileDescr(wrong),
  ]
  for (const use of uses) refuses(t, use, Miou.InvalidArgument, /takes a descriptor/)
})

onOneDomain('a descriptor is closed at the end of the block that uses it, once', function* (t) {
  let number = -1
  {
    using fd = Unix.tcpv4()
    number = Unix.toFileDescr(fd)
    t.true(fstatSync(number).isSocket())
  }
  t.throws(() => fstatSync(number), { code: 'EBADF' })
  {
    using fd = Unix.tcpv4()
    Unix.close(fd)
  }
})

onOneDomain('disposing of a descriptor that was given away leaves it to its owner', function* (t) {
  let child: Miou.Task<number> | undefined
  {
    using fd = Unix.Ownership.tcpv4()
    child = Miou.async(
      function* () {
        yield* Miou.yield()
        const number = Unix.Ownership.toFileDescr(fd)
        Unix.Ownership.close(fd)
        return number
      },
      { give: [Unix.Ownership.resource(fd)] },
    )
  }
  t.true((yield* child) > 2)
})

onOneDomain('all who wait on a descriptor hear that it was closed, reader and writer alike', function* (t) {
  const [client, server] = yield* connection()
  const tasks = [
    Miou.async(() => Unix.read(client, Buffer.alloc(1))),
    Miou.async(() => Unix.readView(client)),
    Miou.async(() => Unix.reallyRead(client, Buffer.alloc(5))),
    Miou.async(() => Unix.write(client, Buffer.alloc(20_000_000))),
  ]
  yield* settle()
  Unix.close(client)
  for (const result of yield* Miou.awaitAll<Miou.Task<unknown>[]>(tasks)) {
    t.true(!result.ok && result.error instanceof Miou.Closed)
  }
  Unix.close(server)
})

onOneDomain('what was written is delivered though the descriptor is closed at once', function* (t) {
  const [client, server] = yield* connection()
  yield* Unix.write(client, 'last words')
  Unix.close(client)
  t.is((yield* readAll(server)).toString(), 'last words')
  Unix.close(server)
})

test('outside of a run, sockets are made and closed all the same', (t) => {
  const [listener, address] = listening()
  t.true(address.port > 0)
  Unix.close(listener)
  refuses(t, () => Unix.close(listener), Miou.Closed)
})

// Nothing looked at the completions of a close outside of tasks: the reader slept until something else woke its domain.
onOneDomain('a callback that closes a descriptor wakes the task that waits on it', function* (t) {
  const [client, server] = yield* connection()
  const reader = Miou.async(() => Unix.read(server, Buffer.alloc(1)))
  setTimeout(() => Unix.close(server), 5)
  const result = yield* Miou.await(reader)
  t.true(!result.ok && result.error instanceof Miou.Closed)
  Unix.close(client)
})
