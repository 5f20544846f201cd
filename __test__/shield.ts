import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { lives } from './programs/numbers.js'
import { forgets } from './programs/families.js'
import { shieldsAndCalls, shieldsCall } from './programs/shields.js'
import { test } from './support/case.js'
import { isError, refuses, rejects } from './support/refusal.js'
import { never, reaches, until, words } from './support/waiting.js'

const alone = { domains: 0 }
const three = { domains: 3 }

test('a cancel that arrives during a shield is thrown at its end, and cancel waits for it', async (t) => {
  const log: string[] = []
  await Miou.run(function* () {
    const child = Miou.async(function* () {
      try {
        yield* Miou.shield(function* () {
          for (let i = 0; i < 5; i++) yield* Miou.yield()
          yield* Unix.sleep(2)
          log.push('shielded')
          return 1
        })
        log.push('not reached')
      } finally {
        log.push('finally')
      }
    })
    yield* Miou.yield()
    yield* Miou.cancel(child)
    log.push('cancelled')
    const result = yield* Miou.await(child)
    isError(t, result.ok || result.error, Miou.Cancelled)
  }, alone)
  t.deepEqual(log, ['shielded', 'finally', 'cancelled'])
})

test('in clean-up operations of a shield wait as usual, and the shield just returns', async (t) => {
  const log: unknown[] = []
  await Miou.run(function* () {
    const child = Miou.async(function* () {
      try {
        yield* never()
      } finally {
        log.push(
          yield* Miou.shield(function* () {
            yield* Unix.sleep(1)
            yield* Miou.yield()
            return yield* Miou.async(function* () {
              yield* Unix.sleep(1)
              return 'a child'
            })
          }),
        )
        log.push('after')
        try {
          yield* Miou.yield()
        } catch (error) {
          log.push((error as Error).name)
          // biome-ignore lint/correctness/noUnsafeFinally: what a clean-up throws is what this is about
          throw error
        }
      }
    })
    yield* Miou.yield()
    yield* Miou.cancel(child)
  }, alone)
  t.deepEqual(log, ['a child', 'after', 'Cancelled'])
})

test('children that are older than a shield are cancelled at once, those spawned in it at its end', async (t) => {
  const log: string[] = []
  await Miou.run(function* () {
    const child = Miou.async(function* () {
      Miou.async(() => unwinds('older', log))
      yield* Miou.yield()
      yield* Miou.shield(function* () {
        Miou.async(() => unwinds('left', log))
        yield* until(() => log.includes('older'))
        for (let i = 0; i < 5; i++) yield* Miou.yield()
        log.push('end of the shield')
      })
    })
    yield* Miou.yield()
    yield* Miou.yield()
    yield* Miou.cancel(child)
  }, alone)
  t.deepEqual(log, ['older', 'end of the shield', 'left'])
})

function* unwinds(name: string, log: string[]): Generator<Miou.Suspension, void> {
  try {
    yield* never()
  } finally {
    log.push(name)
  }
}

test('a shield keeps children on other domains too', async (t) => {
  const shared = words(4)
  await Miou.run(function* () {
    const child = Miou.call(shieldsAndCalls, [shared])
    yield* reaches(shared, 0, 1)
    yield* Miou.cancel(child)
    t.is(shared[1], 1, 'the shield went to its end, its remote child with it')
    t.is(shared[2], shared[3], 'what was left is unwound')
    t.is(shared[2], 1)
  }, three)
})

test('shields nest: the cancel is thrown at the end of the outermost', async (t) => {
  const log: string[] = []
  await Miou.run(function* () {
    const child = Miou.async(function* () {
      yield* Miou.shield(function* () {
        yield* Miou.shield(function* () {
          yield* Unix.sleep(2)
          log.push('inner')
        })
        yield* Unix.sleep(1)
        log.push('outer')
      })
      log.push('not reached')
    })
    yield* Miou.yield()
    yield* Miou.cancel(child)
  }, alone)
  t.deepEqual(log, ['inner', 'outer'])
})

test('an error of the body is thrown from the shield, and goes to suppressed where it leaves a cancelled task', async (t) => {
  const error = new Error('in a shield')
  await Miou.run(function* () {
    const child = Miou.async(function* () {
      try {
        yield* never()
      } finally {
        yield* Miou.shield(function* () {
          yield* Miou.yield()
          throw error
        })
      }
    })
    yield* Miou.yield()
    yield* Miou.cancel(child)
    const result = yield* Miou.await(child)
    t.deepEqual(isError(t, result.ok || result.error, Miou.Cancelled).suppressed, [error])
    const caught = Miou.async(function* () {
      try {
        yield* Miou.shield(() => {
          throw error
        })
        return 'no'
      } catch (thrown) {
        return thrown
      }
    })
    t.is(yield* caught, error)
  }, alone)
})

test('the end of a run waits for shields, and so does a fatal error', async (t) => {
  const log: string[] = []
  const shielded = function* (): Generator<Miou.Suspension, void> {
    try {
      yield* never()
    } finally {
      yield* Miou.shield(function* () {
        yield* Unix.sleep(10)
        log.push('shielded')
      })
    }
  }
  const failing = Miou.run(function* () {
    Miou.async(shielded)
    yield* Miou.yield()
    throw new Error('main')
  }, alone)
  await rejects(t, failing, Error, /^main$/)
  t.deepEqual(log, ['shielded'])
  const fatal = Miou.run(function* () {
    Miou.async(shielded)
    yield* Miou.yield()
  }, alone)
  await rejects(t, fatal, Miou.StillHasChildren)
  t.deepEqual(log, ['shielded', 'shielded'])
})

test('a cancelled sibling race: awaitFirst waits for the shields of its losers', async (t) => {
  const shared = words(2)
  await Miou.run(function* () {
    const loser = Miou.call(lives, [shared, 0, 1])
    yield* reaches(shared, 0)
    yield* Miou.awaitFirst([loser, Miou.async(function* () {})])
    t.is(shared[1], 1)
  }, three)
})

test('a child of a shield that is over is older than the next one: a cancel does not spare it', async (t) => {
  await Miou.run(function* () {
    const log: string[] = []
    const logs = function* (name: string): Generator<Miou.Suspension, void> {
      try {
        yield* never()
      } finally {
        log.push(name)
      }
    }
    let shielded = false
    const task = Miou.async(function* () {
      Miou.async(() => logs('before'))
      yield* Miou.shield(function* () {
        Miou.async(() => logs('first'))
        yield* Miou.shield(() => Miou.yield())
        Miou.async(() => logs('second'))
        yield* Miou.yield()
      })
      yield* Miou.shield(function* () {
        Miou.async(() => logs('third'))
        shielded = true
        yield* until(() => log.length === 3)
        log.push('over')
      })
    })
    yield* until(() => shielded)
    yield* Miou.cancel(task)
    t.deepEqual(log, ['second', 'first', 'before', 'over', 'third'])
  }, alone)
})

for (const from of ['domain 0', 'a third domain']) {
  test(`a fatal error on the domain of a child waits for the shield that called it, from ${from}`, async (t) => {
    const shared = words(3)
    const run = Miou.run(function* () {
      const [, caller, pin] = Miou.Domain.all() as [number, number, number]
      if (from === 'domain 0') Miou.async(() => shieldsCall(shared, pin))
      else Miou.call(shieldsCall, [shared, pin], { pin: caller })
      yield* reaches(shared, 0)
      try {
        yield* Miou.call(forgets, [], { pin })
      } finally {
        // Only now that the error is known may the shield end.
        Atomics.store(shared, 1, 1)
      }
    }, three)
    await rejects(t, run, Miou.StillHasChildren)
    t.is(shared[2], 2)
  })
}

test('shield takes a body, in a task', async (t) => {
  refuses(t, () => Miou.shield(never), Miou.NotInTask)
  await Miou.run(function* () {
    refuses(t, () => Miou.shield(1 as never), Miou.InvalidArgument)
    t.is(
      yield* Miou.shield(function* () {
        return 5
      }),
      5,
    )
  }, alone)
})
