import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { echo, hang } from './programs/numbers.js'
import { test } from './support/case.js'
import { AT_ONCE } from './support/promptly.js'
import { isError, refuses, rejects } from './support/refusal.js'
import { forever, never, until } from './support/waiting.js'

const alone = { domains: 0 }
const { Ownership } = Miou

/** What a body throws, as a result. */
function* outcome<T>(body: Miou.Body<T>): Generator<Miou.Suspension, Miou.Result<T>> {
  try {
    return { ok: true, value: yield* body() }
  } catch (error) {
    return { ok: false, error }
  }
}

/**
 * Tries with ever more time, from `ms` on, until it says that the time was enough: on a busy machine it may be up before the
 * body, or what it spawns, has begun.
 */
function* withEnough(ms: number, attempt: (ms: number) => Miou.Operation<boolean>): Generator<Miou.Suspension, void> {
  let time = ms
  while (!(yield* attempt(time))) time *= 2
}

test('a body that is over in time gives its value, and its error', async (t) => {
  await Miou.run(function* () {
    t.is(
      yield* Miou.timeout(5000, function* () {
        yield* Miou.yield()
        return 42
      }),
      42,
    )
    const failed = yield* outcome(() =>
      Miou.timeout(5000, function* () {
        throw new Error('its own')
      }),
    )
    isError(t, failed.ok || failed.error, Error, /^its own$/)
  }, alone)
})

test('TimeoutError is thrown once the body has unwound, with all its descendants and finalisers', async (t) => {
  await Miou.run(
    function* () {
      const log: string[] = []
      yield* withEnough(5, function* (ms) {
        log.length = 0
        const late = yield* outcome(() =>
          Miou.timeout(ms, function* () {
            Ownership.own(Ownership.create('r', () => log.push('finaliser')))
            const child = Miou.async(function* () {
              try {
                yield* never()
              } finally {
                yield* Miou.shield(() => Unix.sleep(5))
                log.push('child')
              }
            })
            const remote = Miou.call(hang, [])
            try {
              yield* Miou.awaitAll([child, remote])
            } finally {
              log.push('body')
            }
          }),
        )
        isError(t, late.ok || late.error, Miou.TimeoutError, new RegExp(` ${ms} ms`))
        return log.includes('child')
      })
      t.deepEqual(log, ['body', 'finaliser', 'child'])
    },
    { domains: 1 },
  )
})

test('a body is cancelled with the TimeoutError as the cause', async (t) => {
  await Miou.run(function* () {
    yield* withEnough(1, function* (ms) {
      let seen: unknown
      const late = yield* outcome(() =>
        Miou.timeout(ms, function* () {
          try {
            yield* never()
          } catch (error) {
            seen = error
            return 'whatever a cancelled body returns'
          }
          return ''
        }),
      )
      t.false(late.ok)
      if (seen === undefined) return false
      isError(t, seen, Miou.Cancelled)
      t.is((seen as Error).cause, late.ok || late.error)
      return true
    })
  }, alone)
})

test('a body that has ended by the time its end is looked at wins', async (t) => {
  await Miou.run(function* () {
    yield* withEnough(1, function* (ms) {
      let began = false
      const result = yield* outcome(() =>
        Miou.timeout(ms, function* () {
          began = true
          const until = performance.now() + 2 * ms
          while (performance.now() < until);
          return 'won'
        }),
      )
      if (began) t.is(result.ok && result.value, 'won')
      return began
    })
  }, alone)
})

function* atOnce(): Generator<Miou.Suspension, string> {
  return 'over'
}

test('a body that threw before its time was up wins, though its children still unwind', async (t) => {
  await Miou.run(function* () {
    yield* withEnough(5, function* (ms) {
      let threw = false
      const failed = yield* outcome(() =>
        Miou.timeout(ms, function* () {
          Miou.async(function* () {
            try {
              yield* never()
            } finally {
              yield* Miou.shield(() => Unix.sleep(2 * ms))
            }
          })
          yield* Miou.yield()
          threw = true
          throw new Error('before')
        }),
      )
      if (threw) isError(t, failed.ok || failed.error, Error, /^before$/)
      return threw
    })
  }, alone)
})

test('a timer that is not needed any more neither wakes nor keeps anything waiting', async (t) => {
  const before = performance.now()
  await Miou.run(function* () {
    for (let i = 0; i < 1000; i++) yield* Miou.timeout(60_000, atOnce)
  }, alone)
  t.true(performance.now() - before < AT_ONCE)
})

test('resources that are given move to the body, and are finalised where its time is up', async (t) => {
  await Miou.run(function* () {
    const log: string[] = []
    const r = Ownership.create('r', () => log.push('finalised'))
    Ownership.own(r)
    yield* Miou.timeout(
      1000,
      function* () {
        Ownership.check(r)
        yield* Ownership.transfer(r)
      },
      { give: [r] },
    )
    Ownership.check(r)
    const late = yield* outcome(() => Miou.timeout(1, never, { give: [r] }))
    isError(t, late.ok || late.error, Miou.TimeoutError)
    t.deepEqual(log, ['finalised'])
    refuses(t, () => Ownership.check(r), Miou.NotOwner)
  }, alone)
})

test('bytes that a read got in the moment of its timeout are there for the next one', async (t) => {
  await Miou.run(function* () {
    const listener = Unix.tcpv4()
    Unix.bindAndListen(listener, { host: '127.0.0.1', port: 0 })
    const client = Unix.tcpv4()
    yield* Unix.connect(client, Unix.address(listener))
    const [server] = yield* Unix.accept(listener)
    const sent = 300
    const sender = Miou.async(function* () {
      for (let i = 0; i < sent; i++) {
        yield* Unix.write(client, Uint8Array.of(i & 255))
        if (i % 3 === 0) yield* Unix.sleep(1)
      }
    })
    const got: number[] = []
    let timeouts = 0
    while (got.length < sent) {
      const buf = new Uint8Array(16)
      try {
        const count = yield* Miou.timeout(1, () => Unix.read(server, buf))
        got.push(...buf.subarray(0, count))
      } catch (error) {
        isError(t, error, Miou.TimeoutError)
        timeouts++
      }
    }
    yield* sender
    t.deepEqual(
      got,
      Array.from({ length: sent }, (_, i) => i & 255),
    )
    t.log(`${timeouts} timeouts`)
    for (const fd of [listener, client, server]) Unix.close(fd)
  }, alone)
})

test('cancelling a task in timeout cancels the body, and its timer', async (t) => {
  await Miou.run(function* () {
    const log: string[] = []
    const task = Miou.async(function* () {
      yield* Miou.timeout(60_000, function* () {
        try {
          yield* never()
        } finally {
          log.push('body')
        }
      })
    })
    yield* Miou.yield()
    yield* Miou.yield()
    yield* Miou.cancel(task)
    t.deepEqual(log, ['body'])
    const result = yield* Miou.await(task)
    isError(t, result.ok || result.error, Miou.Cancelled)
  }, alone)
})

test('a timeout waits for the shield of its body', async (t) => {
  await Miou.run(function* () {
    yield* withEnough(1, function* (ms) {
      let [began, over] = [false, false]
      const late = yield* outcome(() =>
        Miou.timeout(ms, () =>
          Miou.shield(function* () {
            began = true
            yield* Unix.sleep(20 * ms)
            over = true
          }),
        ),
      )
      t.is(over, began)
      isError(t, late.ok || late.error, Miou.TimeoutError)
      return began
    })
  }, alone)
})

test('a body that catches every Cancelled does not outlive its timeout', async (t) => {
  await Miou.run(function* () {
    const late = yield* outcome(() =>
      Miou.timeout(1, function* () {
        for (;;) {
          try {
            yield* forever()
          } catch {}
        }
      }),
    )
    isError(t, late.ok || late.error, Miou.TimeoutError)
  }, alone)
})

test('timeouts nest: the error says which of them it was', async (t) => {
  await Miou.run(function* () {
    const inner = yield* outcome(() => Miou.timeout(60_000, () => Miou.timeout(1, never)))
    isError(t, inner.ok || inner.error, Miou.TimeoutError, / 1 ms/)
    const outer = yield* outcome(() => Miou.timeout(1, () => Miou.timeout(60_000, never)))
    isError(t, outer.ok || outer.error, Miou.TimeoutError, / 1 ms/)
  }, alone)
})

test('the Cancelled of a child of the body is passed on as it is', async (t) => {
  await Miou.run(function* () {
    const result = yield* outcome(() =>
      Miou.timeout(1000, function* () {
        const child = Miou.async(never)
        yield* Miou.cancel(child)
        yield* child
      }),
    )
    isError(t, result.ok || result.error, Miou.Cancelled)
  }, alone)
})

test('timeout may wait without a limit, for calls too, and a time below zero counts as zero', async (t) => {
  await Miou.run(
    function* () {
      t.is(yield* Miou.timeout(Number.POSITIVE_INFINITY, () => Miou.call(echo, [7])), 7)
      const late = yield* outcome(() => Miou.timeout(-5, never))
      isError(t, late.ok || late.error, Miou.TimeoutError, / 0 ms/)
    },
    { domains: 1 },
  )
})

test('a timeout that is made in a cancelled task never starts its body, and finalises what it was given', async (t) => {
  await Miou.run(function* () {
    const log: string[] = []
    const task = Miou.async(function* () {
      const r = Ownership.create('r', () => log.push('finalised'))
      Ownership.own(r)
      try {
        yield* never()
      } finally {
        yield* Miou.timeout(
          1000,
          function* () {
            log.push('started')
          },
          { give: [r] },
        )
      }
    })
    yield* Miou.yield()
    yield* Miou.cancel(task)
    t.deepEqual(log, ['finalised'])
  }, alone)
})

test('wrong arguments of timeout are refused', async (t) => {
  refuses(t, () => Miou.timeout(1, never), Miou.NotInTask)
  await Miou.run(function* () {
    refuses(t, () => Miou.timeout('1' as never, never), Miou.InvalidArgument, /milliseconds/)
    refuses(t, () => Miou.timeout(Number.NaN, never), Miou.InvalidArgument, /milliseconds/)
    refuses(t, () => Miou.timeout(1, 1 as never), Miou.InvalidArgument, /function\*/)
    refuses(t, () => Miou.timeout(1, never, { give: 1 as never }), Miou.InvalidArgument, /give/)
    yield* until(() => true)
  }, alone)
  await rejects(
    t,
    Miou.run(function* () {
      Miou.timeout(1, never)
    }, alone),
    Miou.ForgottenYield,
    /yield\* timeout/,
  )
})
