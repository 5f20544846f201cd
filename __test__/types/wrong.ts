// Programs that the types must refuse, each on the one line that is marked; the other lines must compile.
// Compiled by __test__/types.ts alone.

import * as Miou from 'miou'
import * as Unix from 'miou/unix'

function* body() {
  const number = Miou.async(function* () {
    return 1
  })
  const text = Miou.async(function* () {
    return 'text'
  })
  const one: number = yield* Miou.awaitExn(number)
  const two: string = yield* Miou.awaitExn(number) // wrong
  const result = yield* Miou.await(text)
  result.value // wrong
  if (result.ok) result.value.length
  const [a, b] = yield* Miou.awaitAll([number, text])
  if (a.ok && b.ok) b.value.length + a.value
  if (b.ok) b.value.toFixed() // wrong
  Miou.async(async () => {}) // wrong
  function* foreign() {
    yield Promise.resolve()
  }
  Miou.async(foreign) // wrong
  const square = Miou.portable(import.meta, function* square(x: number) {
    return x * x
  })
  Miou.call(square, [2])
  Miou.call(square, ['two']) // wrong
  Miou.call(square, []) // wrong
  Miou.call(square, [2], { pin: 'one' }) // wrong
  yield* Miou.parallel(square, [1, 2])
  yield* Miou.parallel(square, ['one']) // wrong
  const orphans = Miou.orphans<number>()
  Miou.async(() => number, { orphans })
  Miou.async(() => text, { orphans }) // wrong
  yield* Miou.cancel(1) // wrong
  yield* Miou.Mutex.lock(Miou.Condition.create()) // wrong
  yield* Miou.Condition.wait(Miou.Condition.create()) // wrong
  const fd = Unix.tcpv4()
  Unix.bindAndListen(fd, { host: '127.0.0.1', port: 0 })
  Unix.bindAndListen(fd, { host: '127.0.0.1' }) // wrong
  Unix.bindAndListen(fd, { path: '/run/app.sock' })
  yield* Unix.read(fd, new Uint8Array(8))
  yield* Unix.read(fd, 'text') // wrong
  yield* Unix.write(fd, 8) // wrong
  yield* Unix.sleep('1s') // wrong
  Unix.sysSignal('SIGNOT', 'ignore') // wrong
  Unix.sysSignal('SIGINT', () => {})
  return one + two.length
}

Miou.run(body, { domains: 1 })
Miou.run(body, { domain: 1 }) // wrong
Miou.run(body()) // wrong
