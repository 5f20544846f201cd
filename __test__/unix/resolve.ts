import { isIP, isIPv4, isIPv6 } from 'node:net'
import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { failsWith, onOneDomain } from '../support/loopback.js'
import { refuses } from '../support/refusal.js'

onOneDomain('resolve gives literal addresses', function* (t) {
  const addresses = yield* Unix.resolve('localhost')
  t.true(addresses.length > 0)
  t.true(addresses.every((address) => isIP(address) !== 0))
  t.is(new Set(addresses).size, addresses.length)
})

onOneDomain('of one family, where that is asked for', function* (t) {
  t.true((yield* Unix.resolve('localhost', { family: 4 })).every(isIPv4))
  try {
    t.true((yield* Unix.resolve('localhost', { family: 6 })).every(isIPv6))
  } catch (error) {
    t.true(['ENOTFOUND', 'EAI_AGAIN'].includes((error as NodeJS.ErrnoException).code!))
  }
})

onOneDomain('a literal address is its own', function* (t) {
  t.deepEqual(yield* Unix.resolve('127.0.0.1'), ['127.0.0.1'])
  t.deepEqual(yield* Unix.resolve('::1'), ['::1'])
})

onOneDomain('a literal address is not found in the other family', function* (t) {
  for (const [host, family] of [
    ['127.0.0.1', 6],
    ['::1', 4],
  ] as const) {
    const error = yield* failsWith(t, () => Unix.resolve(host, { family }), 'ENOTFOUND')
    t.is((error as Error & { hostname?: string }).hostname, host)
    t.deepEqual(yield* Unix.resolve(host, { family: family === 4 ? 6 : 4 }), [host])
  }
})

onOneDomain('a name that nobody knows is the error of the look-up', function* (t) {
  try {
    yield* Unix.resolve('no-such-host.invalid')
    t.fail('it has an address')
  } catch (error) {
    t.true(['ENOTFOUND', 'EAI_AGAIN'].includes((error as NodeJS.ErrnoException).code!), String(error))
    t.is((error as NodeJS.ErrnoException).syscall, 'getaddrinfo')
  }
})

onOneDomain('others run while it waits, and it can be cancelled at any moment', function* (t) {
  for (let moment = 0; moment < 6; moment++) {
    const resolving = Miou.async(() => Unix.resolve(`no-such-host-${moment}.invalid`))
    for (let i = 0; i < moment; i++) yield* Miou.yield()
    const began = performance.now()
    yield* Miou.cancel(resolving)
    t.true(performance.now() - began < 4000)
  }
})

onOneDomain('it takes the name of a host, and a family of 4 or 6', function* (t) {
  for (const host of ['', undefined, 3, {}])
    refuses(t, () => Unix.resolve(host as string), Miou.InvalidArgument, /name of a host/)
  refuses(t, () => Unix.resolve('localhost', { family: 5 as 4 }), Miou.InvalidArgument, /family/)
})
