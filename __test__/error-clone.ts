import * as Miou from 'miou'
import { echo } from './programs/numbers.js'
import { throws } from './programs/values.js'
import { test } from './support/case.js'
import { isError } from './support/refusal.js'

const two = { domains: 2 }

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
