import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import {
  closing,
  connection,
  datagrams,
  failsWith,
  listening,
  onOneDomain,
  settle,
  throwsIn,
} from '../support/loopback.js'
import { hasIPv6, sockets } from '../support/machine.js'
import { AT_ONCE } from '../support/promptly.js'
import { refuses } from '../support/refusal.js'

/** Runs `body` with a path for a socket in a folder of its own. */
function* withPath(body: (path: string) => Generator<Miou.Suspension, void>) {
  const folder = mkdtempSync(join(sockets, 'miou-'))
  try {
    yield* body(join(folder, 'socket'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A listener whose backlog is full, so that who connects to it gets no answer, and what fills it. */
function* silent(): Generator<Miou.Suspension, [Unix.Address, Unix.FileDescr[]]> {
  const [listener, address] = listening({ backlog: 0 })
  const fds = [listener]
  for (;;) {
    const fd = Unix.tcpv4()
    fds.push(fd)
    const connecting = Miou.async(() => Unix.connect(fd, address))
    for (let i = 0; i < 5; i++) yield* settle()
    if (connecting.state === 'running') {
      yield* Miou.cancel(connecting)
      return [address, fds]
    }
    yield* connecting
  }
}

onOneDomain('connect connects over IPv4 and IPv6, and both ends know the address', function* (t) {
  for (const [make, host] of [
    [Unix.tcpv4, '127.0.0.1'],
    [Unix.tcpv6, '::1'],
  ] as const) {
    if (make === Unix.tcpv6 && !hasIPv6(t)) continue
    const listener = make()
    Unix.bindAndListen(listener, { host, port: 0 })
    const address = Unix.address(listener) as { host: string; port: number }
    t.is(address.host, host)
    const client = make()
    yield* Unix.connect(client, address)
    const [server, peer] = yield* Unix.accept(listener)
    t.deepEqual(Unix.peer(client), address)
    t.deepEqual(Unix.address(client), peer)
    closing(listener, client, server)
  }
})

onOneDomain('connect connects over a path', function* (t) {
  yield* withPath(function* (path) {
    const listener = Unix.unixSocket()
    Unix.bindAndListen(listener, { path })
    t.deepEqual(Unix.address(listener), { path })
    const client = Unix.unixSocket()
    yield* Unix.connect(client, { path })
    const [server, peer] = yield* Unix.accept(listener)
    t.deepEqual(peer, { path: '' }, 'the client has no name')
    t.deepEqual(Unix.peer(client), { path })
    yield* Unix.write(client, 'by path')
    t.is(yield* Unix.read(server, Buffer.alloc(20)), 7)
    closing(listener, client, server)
  })
})

onOneDomain('a path of any length that the system takes is told as it is', function* (t) {
  yield* withPath(function* (path) {
    for (let length = Buffer.byteLength(path) + 1; ; length++) {
      const long = { path: path.padEnd(length, 'x') }
      using listener = Unix.unixSocket()
      try {
        Unix.bindAndListen(listener, long)
      } catch (error) {
        t.is((error as Unix.SystemError).code, 'ENAMETOOLONG')
        t.true(length > 103)
        break
      }
      using client = Unix.unixSocket()
      yield* Unix.connect(client, long)
      t.deepEqual(Unix.address(listener), long)
      t.deepEqual(Unix.peer(client), long)
      rmSync(long.path)
    }
  })
})

onOneDomain('the zone of an address is the name of an interface, however long what stands for it is', function* (t) {
  if (!hasIPv6(t)) {
    t.pass()
    return
  }
  using fd = Unix.tcpv6()
  using datagram = Unix.udpv6()
  for (const length of [60, 1000, 1 << 21]) {
    const nowhere = { host: `fe80::1%${'x'.repeat(length)}`, port: 1 }
    for (const attempt of [() => Unix.connect(fd, nowhere), () => Unix.sendto(datagram, '', nowhere)]) {
      try {
        yield* attempt()
        t.fail()
      } catch (error) {
        if (length > 60) t.true(error instanceof Miou.InvalidArgument)
      }
    }
    const refused = t.throws<Unix.SystemError>(() => Unix.bindAndListen(fd, nowhere))
    if (length > 60) t.true(refused instanceof Miou.InvalidArgument)
  }
})

onOneDomain('a refused connection is ECONNREFUSED, with the address', function* (t) {
  const [listener, address] = listening()
  Unix.close(listener)
  for (let i = 0; i < 3; i++) {
    const fd = Unix.tcpv4()
    const error = yield* failsWith(t, () => Unix.connect(fd, address), 'ECONNREFUSED')
    t.is(error.syscall, 'connect')
    t.is(error.address, address.host)
    t.is(error.port, address.port)
    t.true(error.message.endsWith(`${address.host}:${address.port}`))
    Unix.close(fd)
  }
})

onOneDomain(
  'a path where nobody listens is ENOENT or ECONNREFUSED; one that is too long is ENAMETOOLONG; one in use is EADDRINUSE',
  function* (t) {
    yield* withPath(function* (path) {
      const fd = Unix.unixSocket()
      const error = yield* failsWith(t, () => Unix.connect(fd, { path }), 'ENOENT')
      t.is(error.path, path)
      const listener = Unix.unixSocket()
      Unix.bindAndListen(listener, { path })
      const other = Unix.unixSocket()
      t.is(t.throws<Unix.SystemError>(() => Unix.bindAndListen(other, { path })).code, 'EADDRINUSE')
      Unix.close(listener)
      yield* failsWith(t, () => Unix.connect(fd, { path }), 'ECONNREFUSED')
      // The longest would not fit into the memory in which operations cross.
      for (const times of [60, 1 << 18, 1 << 19]) {
        const long = { path: `${path}/${'long'.repeat(times)}` }
        yield* failsWith(t, () => Unix.connect(fd, long), 'ENAMETOOLONG')
        const refused = t.throws<Unix.SystemError>(() => Unix.bindAndListen(other, long))
        t.is(refused.code, 'ENAMETOOLONG')
        t.is(refused.path, long.path)
      }
      closing(fd, other)
    })
  },
)

onOneDomain('a connection to nowhere fails or can be given up', function* (t) {
  // TEST-NET-1 and the documentation prefix: no host has these addresses.
  for (const [make, host] of [
    [Unix.tcpv4, '192.0.2.1'],
    [Unix.tcpv6, '2001:db8::1'],
  ] as const) {
    if (make === Unix.tcpv6 && !hasIPv6(t)) continue
    const fd = make()
    const connecting = Miou.async(() => Unix.connect(fd, { host, port: 9 }))
    for (let i = 0; i < 20 && connecting.state === 'running'; i++) yield* settle()
    if (connecting.state === 'running') yield* Miou.cancel(connecting)
    else {
      const result = yield* Miou.await(connecting)
      const noWay = ['ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL', 'ENETDOWN']
      // Of these, a firewall says one or the other.
      const expected = [...noWay, 'EACCES', 'EPERM', 'ECONNREFUSED', 'ECONNRESET']
      if (!result.ok) t.true(expected.includes((result.error as Unix.SystemError).code), String(result.error))
    }
    Unix.close(fd)
  }
  t.pass()
})

onOneDomain('a connect that is cancelled ends at once, at whatever moment', function* (t) {
  const [address, fds] = yield* silent()
  for (let moment = 0; moment < 5; moment++) {
    const fd = Unix.tcpv4()
    const connecting = Miou.async(() => Unix.connect(fd, address))
    for (let i = 0; i < moment; i++) yield* Miou.yield()
    const began = performance.now()
    yield* Miou.cancel(connecting)
    t.true(performance.now() - began < AT_ONCE)
    Unix.close(fd)
  }
  closing(...fds)
})

onOneDomain('a socket that is closed while it connects wakes its task with Closed', function* (t) {
  const [address, fds] = yield* silent()
  const fd = Unix.tcpv4()
  const connecting = Miou.async(() => Unix.connect(fd, address))
  yield* settle()
  Unix.close(fd)
  yield* throwsIn(t, () => connecting, Miou.Closed)
  closing(...fds)
})

onOneDomain(
  'a connect that is refused late is refused though a reader hears of it first, and so is every reader',
  function* (t) {
    const [listener, address] = listening({ backlog: 0 })
    // Linux drops who comes to a full backlog, and refuses him when he comes again, a second later.
    const before = Array.from({ length: 3 }, () => Unix.tcpv4())
    const connecting = before.map((fd) => Miou.async(() => Unix.connect(fd, address)))
    yield* settle()
    const fd = Unix.tcpv4()
    const late = Miou.async(() => Unix.connect(fd, address))
    yield* Miou.yield()
    const readers = [0, 1].map(() => Miou.async(() => Unix.read(fd, Buffer.alloc(1))))
    yield* settle()
    Unix.close(listener)
    const [connected, ...read] = yield* Miou.awaitAll([late, ...readers])
    const codeOf = (result: Miou.Result<unknown> | undefined) =>
      result!.ok ? result!.value : (result!.error as Unix.SystemError).code
    if (!connected!.ok) {
      t.is(codeOf(connected), 'ECONNREFUSED')
      yield* failsWith(t, () => Unix.read(fd, Buffer.alloc(1)), 'ECONNREFUSED')
    }
    // Where it had a place in the backlog all the same, it is reset.
    for (const result of read) t.is(codeOf(result), connected!.ok ? 'ECONNRESET' : 'ECONNREFUSED')
    yield* Miou.awaitAll(connecting)
    closing(fd, ...before)
  },
)

onOneDomain('a path whose backlog is full is waited for', function* (t) {
  yield* withPath(function* (path) {
    const listener = Unix.unixSocket()
    Unix.bindAndListen(listener, { path }, { backlog: 0 })
    const fds: Unix.FileDescr[] = []
    const tasks = Array.from({ length: 5 }, () =>
      Miou.async(function* () {
        const fd = Unix.unixSocket()
        fds.push(fd)
        yield* Unix.connect(fd, { path })
      }),
    )
    const given = Miou.async(function* () {
      const fd = Unix.unixSocket()
      fds.push(fd)
      yield* Unix.connect(fd, { path })
    })
    yield* Unix.sleep(20)
    t.is(given.state, 'running')
    yield* Miou.cancel(given)
    for (const _ of tasks) fds.push((yield* Unix.accept(listener))[0])
    yield* Miou.awaitAll(tasks)
    closing(listener, ...fds)
  })
})

onOneDomain('connect takes a stream socket, a literal address, and a port', function* (t) {
  const fd = Unix.tcpv4()
  const [udp] = datagrams()
  refuses(t, () => Unix.connect(udp, { host: '127.0.0.1', port: 1 }), Miou.InvalidArgument, /sendto/)
  for (const host of ['localhost', '', 'a b', '1.2.3.4:80', '1.2.3', '0x7f.1', '::1::', undefined]) {
    refuses(t, () => Unix.connect(fd, { host: host as string, port: 1 }), Miou.InvalidArgument)
  }
  for (const port of [-1, 65536, 1.5, '80', undefined]) {
    refuses(t, () => Unix.connect(fd, { host: '127.0.0.1', port: port as number }), Miou.InvalidArgument, /port/)
  }
  for (const address of [undefined, null, 'localhost:80', { path: '' }, { path: 'a\0b' }, { path: 3 }]) {
    refuses(t, () => Unix.connect(fd, address as never), Miou.InvalidArgument)
  }
  yield* failsWith(t, () => Unix.connect(fd, { host: '::1', port: 1 }), 'EAFNOSUPPORT')
  closing(fd, udp)
})

onOneDomain('connecting what is connected is EISCONN, and the connection goes on', function* (t) {
  const [client, server] = yield* connection()
  const address = Unix.address(server)
  // Linux tells the second of them how the first has ended.
  yield* Miou.await(Miou.async(() => Unix.connect(client, address)))
  yield* failsWith(t, () => Unix.connect(client, address), 'EISCONN')
  yield* failsWith(t, () => Unix.connect(server, Unix.address(client)), 'EISCONN')
  yield* Unix.write(client, 'still')
  const buf = Buffer.alloc(5)
  yield* Unix.reallyRead(server, buf)
  t.is(buf.toString(), 'still')
  closing(client, server)
})
