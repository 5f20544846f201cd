import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { closing, connection, listening, onOneDomain, readAll } from '../support/loopback.js'
import { refuses } from '../support/refusal.js'

onOneDomain('a file is open until both of its descriptors are closed', function* (t) {
  const [client, server] = yield* connection()
  const second = Unix.duplicate(server)
  t.not(Unix.toFileDescr(second), Unix.toFileDescr(server))
  t.deepEqual(Unix.peer(second), Unix.peer(server))
  Unix.close(server)
  yield* Unix.write(second, 'still open')
  Unix.close(second)
  t.is((yield* readAll(client)).toString(), 'still open')
  Unix.close(client)
  refuses(t, () => Unix.duplicate(client), Miou.Closed)
})

onOneDomain('both of a listener accept, and a connection goes to one of them', function* (t) {
  const [listener, address] = listening()
  const second = Unix.duplicate(listener)
  const accepted: Unix.FileDescr[] = []
  const acceptors = [listener, second].map((fd) =>
    Miou.async(function* () {
      for (;;) accepted.push((yield* Unix.accept(fd))[0])
    }),
  )
  const clients: Unix.FileDescr[] = []
  for (let i = 0; i < 20; i++) {
    const client = Unix.tcpv4()
    yield* Unix.connect(client, address)
    clients.push(client)
  }
  while (accepted.length < 20) yield* Unix.sleep(1)
  for (const acceptor of acceptors) yield* Miou.cancel(acceptor)
  t.is(new Set(accepted.map((fd) => (Unix.peer(fd) as { port: number }).port)).size, 20)
  closing(listener, second, ...accepted, ...clients)
})

onOneDomain('the address stays shared within the process until the last one is closed', function* (t) {
  const [listener, address] = listening()
  const second = Unix.duplicate(listener)
  Unix.close(listener)
  const third = Unix.tcpv4()
  Unix.bindAndListen(third, address)
  closing(second, third)
  yield* Miou.yield()
  t.pass()
})

onOneDomain('with Ownership the task owns both', function* (t) {
  const fd = Unix.Ownership.tcpv4()
  const second = Unix.Ownership.duplicate(fd)
  yield* Miou.async(function* () {
    refuses(t, () => Unix.Ownership.duplicate(fd), Miou.NotOwner)
    refuses(t, () => Unix.close(second), Miou.NotOwner)
  })
  Unix.Ownership.close(fd)
  Unix.Ownership.close(second)
})
