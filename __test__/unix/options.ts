import { execFileSync } from 'node:child_process'
import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { closing, connection, datagrams, failsWith, onOneDomain, readAll, settle } from '../support/loopback.js'
import { hasIPv6 } from '../support/machine.js'
import { AT_ONCE } from '../support/promptly.js'
import { refuses } from '../support/refusal.js'

onOneDomain('every option is set on a connection, on and off', function* (t) {
  const [client, server] = yield* connection()
  const all: Unix.SocketOptions[] = [
    { noDelay: false },
    { noDelay: true, keepAlive: 30_000, linger: 0, sendBuffer: 50_000, receiveBuffer: 50_000, ttl: 17 },
    { keepAlive: false, linger: false, broadcast: true },
    { linger: 5 },
    { linger: false },
    {},
    { noDelay: undefined } as unknown as Unix.SocketOptions,
  ]
  for (const options of all) Unix.setOptions(client, options)
  yield* Unix.write(client, 'still works')
  Unix.close(client)
  t.is((yield* readAll(server)).toString(), 'still works')
  Unix.close(server)
})

onOneDomain('a value that an option can not have is refused, before any is set', function* (t) {
  const [client, server] = yield* connection()
  const wrong: [object, RegExp][] = [
    [{ noDelay: 1 }, /noDelay takes true or false/],
    [{ keepAlive: 0 }, /keepAlive takes milliseconds.*or false/],
    [{ keepAlive: true }, /keepAlive/],
    [{ keepAlive: -5 }, /keepAlive/],
    [{ linger: -1 }, /linger takes seconds/],
    [{ linger: Number.NaN }, /linger/],
    [{ sendBuffer: 0 }, /sendBuffer takes a number of bytes/],
    [{ receiveBuffer: '5' }, /receiveBuffer/],
    [{ ttl: 0 }, /ttl/],
    [{ ttl: 256 }, /ttl/],
    [{ ipv6Only: 'no' }, /ipv6Only/],
    [{ noSuch: true }, /there is no option noSuch/],
    [{ linger: 0, toString: 1 }, /there is no option toString/],
  ]
  for (const [options, what] of wrong) {
    refuses(t, () => Unix.setOptions(client, options as Unix.SocketOptions), Miou.InvalidArgument, what)
  }
  refuses(t, () => Unix.setOptions(client, null as never), Miou.InvalidArgument)
  // The linger of 0 that stood beside a wrong option was not set: closing does not reset.
  Unix.close(client)
  t.is((yield* readAll(server)).length, 0)
  Unix.close(server)
})

onOneDomain(
  'an option that this kind of socket does not have is an error of the system, which names it',
  function* (t) {
    const path = Unix.unixSocket()
    const error = t.throws<Unix.SystemError>(() => Unix.setOptions(path, { noDelay: true }))
    t.true(['ENOTSUP', 'ENOPROTOOPT'].includes(error.code))
    t.is(error.syscall, 'setsockopt noDelay')
    const four = Unix.tcpv4()
    t.true(
      ['ENOPROTOOPT', 'EINVAL'].includes(
        t.throws<Unix.SystemError>(() => Unix.setOptions(four, { ipv6Only: true })).code,
      ),
    )
    closing(path, four)
  },
)

onOneDomain('with a linger of 0, closing resets the connection', function* (t) {
  const [client, server] = yield* connection()
  Unix.setOptions(client, { linger: 0 })
  yield* Unix.write(client, 'lost')
  Unix.close(client)
  yield* settle()
  yield* failsWith(t, () => readAll(server), 'ECONNRESET')
  Unix.close(server)
})

onOneDomain('closing never holds the domain up, however long it lingers', function* (t) {
  const [client, server] = yield* connection()
  Unix.setOptions(client, { linger: 60 })
  const writing = Miou.async(() => Unix.write(client, Buffer.alloc(20_000_000)))
  yield* settle()
  yield* Miou.cancel(writing)
  const began = performance.now()
  Unix.close(client)
  t.true(performance.now() - began < AT_ONCE)
  yield* readAll(server)
  Unix.close(server)
})

onOneDomain('the system has what was set', function* (t) {
  const [client, server] = yield* connection()
  Unix.setOptions(client, { keepAlive: 4_000 })
  const { port } = Unix.address(client) as { port: number }
  let text: string
  try {
    text = execFileSync('ss', ['-tno', `sport = :${port}`], { encoding: 'utf8' })
  } catch {
    t.log('ss is not installed: not looked at')
    t.pass()
    closing(client, server)
    return
  }
  t.regex(text, /keepalive,[34]/)
  closing(client, server)
})

onOneDomain('options of a datagram socket', function* (t) {
  const [fd, there] = datagrams()
  Unix.setOptions(fd, { broadcast: true, ttl: 3, sendBuffer: 100_000, receiveBuffer: 100_000 })
  yield* Unix.sendto(fd, 'x', there)
  t.is((yield* Unix.recvfrom(fd, Buffer.alloc(1))).length, 1)
  Unix.close(fd)
  if (!hasIPv6(t)) return
  const six = Unix.udpv6()
  Unix.setOptions(six, { ttl: 3, ipv6Only: true })
  Unix.close(six)
})
