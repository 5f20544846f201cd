import { isMainThread } from 'node:worker_threads'
import * as One from 'miou'
import * as OneUnix from 'miou/unix'

// The second copy is given by its path: where a workspace or a dependency's dependency would have put it.
const folder = process.env.SECOND_COPY
const Two = await import(`${folder}/dist/index.js`)
const TwoUnix = await import(`${folder}/dist/unix.js`)

const ofOne = One.portable(import.meta, function* ofOne(x) {
  yield* OneUnix.sleep(1)
  return [One.Domain.self() > 0, x]
})

const ofTwo = Two.portable(import.meta, function* ofTwo(x) {
  yield* TwoUnix.sleep(1)
  return [Two.Domain.self() > 0, x]
})

/** Sockets, time and a mutex of one name, with one of the copies. */
function* work(Miou, Unix) {
  const listener = Unix.tcpv4()
  Unix.bindAndListen(listener, { host: '127.0.0.1', port: 0 })
  const client = Unix.tcpv4()
  yield* Unix.connect(client, Unix.address(listener))
  const [server] = yield* Unix.accept(listener)
  yield* Unix.write(client, 'word')
  const word = Buffer.alloc(4)
  yield* Unix.reallyRead(server, word)
  for (const fd of [listener, client, server]) Unix.close(fd)
  const mutex = Miou.Mutex.create('of both by name')
  yield* Miou.Mutex.lock(mutex)
  yield* Unix.sleep(5)
  Miou.Mutex.unlock(mutex)
  return word.toString()
}

/** What the first copy says of a handle of the second. */
function refusal(use) {
  try {
    use()
    return 'taken'
  } catch (error) {
    return `${error.name}: ${error.message}`
  }
}

if (isMainThread) {
  const here = [One.run(() => work(One, OneUnix), { domains: 0 }), Two.run(() => work(Two, TwoUnix), { domains: 0 })]
  console.log(JSON.stringify(await Promise.all(here)))
  const across = [
    One.run(() => One.awaitExn(One.call(ofOne, [1])), { domains: 1 }),
    Two.run(() => Two.awaitExn(Two.call(ofTwo, [2])), { domains: 1 }),
  ]
  console.log(JSON.stringify(await Promise.all(across)))
  console.log(refusal(() => One.Mutex.tryLock(Two.Mutex.create())))
  await One.run(
    function* () {
      const [mutex, fd] = [Two.Mutex.create(), TwoUnix.tcpv4()]
      console.log(refusal(() => One.call(ofOne, [{ mutex }])))
      console.log(refusal(() => OneUnix.close(fd)))
      TwoUnix.close(fd)
    },
    { domains: 1 },
  )
}
