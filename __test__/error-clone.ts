import type { ExecutionContext } from 'ava'
import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { echo } from './programs/numbers.js'
import { failsThere, forces, passesOn, stackOf, throws, unwinds } from './programs/values.js'
import { test } from './support/case.js'
import { isError } from './support/refusal.js'
import { reaches, words } from './support/waiting.js'

const two = { domains: 2 }
const began = words(1)

/** What a task on another domain throws. */
function thrown(what: string): Promise<unknown> {
  return Miou.run(function* () {
    const result = yield* Miou.await(Miou.call(throws, [what]))
    return { error: !result.ok && result.error }
  }, two).then(({ error }) => error)
}

test('an error of the language keeps its class, message and stack', async (t) => {
  const error = isError(t, await thrown('range'), RangeError, /^out of range$/)
  t.is(error.constructor, RangeError)
  t.regex(error.stack!, /RangeError: out of range[\s\S]*values/)
})

test('an error of ours keeps its class, code and fields', async (t) => {
  const error = isError(t, await thrown('ours'), Miou.MutexError, /a mutex was left/)
  t.is(error.reason, 'leaked')
  t.is(error.code, 'ERR_MIOU_MUTEX')
  t.true(error instanceof Miou.MiouError)
})

test('an error of a class of the user’s is an Error of that name, with its own properties and its cause', async (t) => {
  const error = isError(t, await thrown('teapot'), Error, /^short and stout$/) as Error & {
    code: string
    detail: unknown
  }
  t.is(error.name, 'Teapot')
  t.is(error.code, 'E_TEAPOT')
  t.deepEqual(error.detail, { litres: 2 })
  isError(t, error.cause, TypeError, /^the cause$/)
  t.false(Object.keys(error).includes('cause'), 'as it is with errors')
})

test('an error of the system keeps code, errno, syscall and path', async (t) => {
  const { code, errno, syscall, path } = (await thrown('system')) as NodeJS.ErrnoException
  t.deepEqual({ code, errno, syscall, path }, { code: 'ENOENT', errno: -2, syscall: 'open', path: '/nowhere' })
})

test('an AggregateError keeps its errors', async (t) => {
  const error = isError(t, await thrown('aggregate'), AggregateError, /^several$/)
  isError(t, error.errors[0], Error, /^one$/)
  isError(t, error.errors[1], Miou.Empty)
})

test('an error of a class that is only there is of the nearest class that is here too, and keeps its name', async (t) => {
  class Timeout extends Miou.TimeoutError {}
  class Several extends AggregateError {
    override name = 'Several'
  }
  class Deep extends class extends SyntaxError {} {}
  await Miou.run(function* () {
    const late = yield* Miou.call(echo<Timeout>, [new Timeout('it is late')])
    t.is(late.constructor, Miou.TimeoutError)
    t.is(late.name, 'Timeout')
    t.is(late.code, 'ERR_MIOU_TIMEOUT')
    const several = yield* Miou.call(echo<AggregateError>, [new Several([new RangeError('one')], 'two')])
    t.is(several.constructor, AggregateError)
    t.is(several.name, 'Several')
    isError(t, several.errors[0], RangeError, /^one$/)
    t.is((yield* Miou.call(echo<Error>, [new Deep('deep')])).constructor, SyntaxError)
  }, two)
})

test('one of several errors that can not cross does not keep the others', async (t) => {
  await Miou.run(function* () {
    const several = new AggregateError([new RangeError('one'), () => 1, 3], 'several')
    const back = yield* Miou.call(echo<AggregateError>, [several])
    isError(t, back.errors[0], RangeError, /^one$/)
    t.is(typeof back.errors[1], 'string')
    t.is(back.errors[2], 3)
    const task = Miou.call(unwinds, [began])
    yield* reaches(began, 0)
    yield* Miou.cancel(task)
    const result = yield* Miou.await(task)
    const { suppressed } = isError(t, result.ok || result.error, Miou.Cancelled)
    t.is(suppressed.length, 1)
    t.regex(suppressed[0] as string, /Function/)
  }, two)
})

test('what is thrown and is no error arrives as it is', async (t) => {
  t.is(await thrown('number'), 42)
  t.is(await thrown('undefined'), undefined)
  t.deepEqual(await thrown('object'), { plain: true })
})

test('an error that refers to itself arrives so', async (t) => {
  const error = isError(t, await thrown('itself'), Error, /^round$/) as Error & { self: unknown }
  t.is(error.self, error)
  t.is(error.cause, error)
})

test('a property that can not cross does not keep its error from crossing', async (t) => {
  const error = isError(t, await thrown('uncloneable'), Error, /^with a function$/) as Error & { fine: number }
  t.is(error.fine, 1)
})

test('what is in a property that can not cross stays, and crosses where it stands elsewhere', async (t) => {
  await Miou.run(function* () {
    const [stays, crosses] = [Unix.tcpv4(), Unix.tcpv4()]
    const both = { crosses }
    for (const uncloneable of [() => 1, Promise.resolve(), new WeakMap()]) {
      const error = Object.assign(new Error('with both'), {
        lost: { stays, both, mutex: Miou.Mutex.create(), uncloneable },
        both,
        last: crosses,
      })
      const back = yield* Miou.call(echo<typeof error>, [error])
      t.is(typeof back.lost, 'string')
      t.is(back.both.crosses, crosses)
      t.is(back.last, crosses)
    }
    for (const fd of [stays, crosses]) Unix.close(fd)
  }, two)
})

test('a frozen error, and a DOMException', async (t) => {
  isError(t, await thrown('frozen'), Error, /^frozen$/)
  const error = isError(t, await thrown('dom'), Error, /^gone$/)
  t.is(error.name, 'AbortError')
})

test('errors cross as arguments too, and an error of another domain crosses on and back', async (t) => {
  await Miou.run(function* () {
    const error = new Miou.Empty('it is empty', { cause: new RangeError('why') })
    const back = yield* Miou.call(echo<Miou.Empty>, [yield* Miou.call(echo<Miou.Empty>, [error])])
    isError(t, back, Miou.Empty, /^it is empty$/)
    t.is(back.stack, error.stack)
    isError(t, back.cause, RangeError, /^why$/)
  }, two)
})

test('Cancelled crosses with cause and suppressed', async (t) => {
  await Miou.run(function* () {
    const cancelled = new Miou.Cancelled('it is gone', { cause: new Error('why') })
    cancelled.suppressed.push(new TypeError('meanwhile'), 7)
    const back = yield* Miou.call(echo<Miou.Cancelled>, [cancelled])
    isError(t, back, Miou.Cancelled)
    isError(t, back.cause, Error, /^why$/)
    isError(t, back.suppressed[0], TypeError, /^meanwhile$/)
    t.is(back.suppressed[1], 7)
  }, two)
})

/** The lines of a stack by what they name. */
function order(t: ExecutionContext, error: Error, ...names: RegExp[]): void {
  const lines = error.stack!.split('\n')
  const places = names.map((name) => lines.findIndex((line) => name.test(line)))
  t.deepEqual(
    places,
    [...places].sort((a, b) => a - b),
    error.stack,
  )
  t.false(places.includes(-1), error.stack)
}

test('an error of another domain has both stacks: where it was thrown, and who awaits it', async (t) => {
  const awaits: Record<string, (task: Miou.Task<never>) => Miou.Operation<unknown>> = {
    *star(task) {
      yield* task
    },
    *awaitExn(task) {
      yield* Miou.awaitExn(task)
    },
    *await(task) {
      const result = yield* Miou.await(task)
      if (!result.ok) throw result.error
    },
    *awaitAll(task) {
      const [result] = yield* Miou.awaitAll([task])
      if (!result!.ok) throw result!.error
    },
    *awaitFirst(task) {
      const result = yield* Miou.awaitFirst([task])
      if (!result.ok) throw result.error
    },
  }
  for (const [how, wait] of Object.entries(awaits)) {
    await Miou.run(function* wholeOf() {
      const child = Miou.call(throws, ['range'])
      try {
        yield* (function* deepInside() {
          yield* wait(child)
        })()
        t.fail()
      } catch (error) {
        order(
          t,
          error as Error,
          /RangeError: out of range/,
          /throws/,
          /awaited by task 1 \(main\) on domain 0/,
          /deepInside/,
        )
        const { stack } = error as Error
        const again = yield* Miou.await(child)
        t.is(again.ok || (again.error as Error).stack, stack, `${how}: who awaits it first`)
      }
    }, two)
  }
})

test('an error that passes through domains gathers the stack of each that awaited it', async (t) => {
  await Miou.run(function* () {
    const result = yield* Miou.await(Miou.call(passesOn, ['range']))
    const error = isError(t, result.ok || result.error, RangeError)
    order(
      t,
      error,
      /out of range/,
      /throws/,
      /awaited by task \d+ \(passesOn\) on domain \d+/,
      /passesOn/,
      /awaited by task 1/,
    )
    t.regex((yield* Miou.call(stackOf, [error]))!, /awaited by task 1/, 'and keeps them where it is an argument')
  }, two)
})

test('the error of a computation, and of a lazy value, has the stack of who met it here, too', async (t) => {
  await Miou.run(function* () {
    const cell = Miou.Computation.create<never>()
    const error = (function origin() {
      return new RangeError('far away')
    })()
    Miou.Computation.tryCancel(cell, error)
    const meets: [string, () => Miou.Operation<unknown>][] = [
      ['awaitExn', () => Miou.Computation.awaitExn(cell)],
      [
        'raiseIfErrored',
        function* () {
          Miou.Computation.raiseIfErrored(cell)
        },
      ],
    ]
    for (const [, meet] of meets) {
      try {
        yield* (function* insideOf() {
          yield* meet()
        })()
        t.fail()
      } catch (met) {
        order(t, met as Error, /far away/, /origin/, /awaited by task 1/, /insideOf/)
      }
    }
    t.false(error.stack!.includes('awaited'), 'the error that it was completed with is as it was')
    const lazy = Miou.Lazy.fromFunction(failsThere)
    yield* Miou.await(Miou.call(forces, [lazy]))
    try {
      yield* (function* forcesIt() {
        yield* Miou.Lazy.force(lazy)
      })()
      t.fail()
    } catch (met) {
      order(t, met as Error, /there/, /failsThere/, /awaited by task 1/, /forcesIt/)
    }
  }, two)
})

test('a property that throws when it is read does not take the place of its error', async (t) => {
  isError(t, await thrown('unreadable'), Error, /^with a getter$/)
})

test('a code that the class of an error has keeps with it', async (t) => {
  const error = (await thrown('exception')) as DOMException
  t.is(error.name, 'AbortError')
  t.is(error.code, DOMException.ABORT_ERR)
})
