import type { ExecutionContext } from 'ava'
import { MiouError } from 'miou'

// biome-ignore lint/suspicious/noExplicitAny: errors of all classes, whatever their constructors take
type ErrorClass<E> = abstract new (...args: any[]) => E

/** Checks the class of an error, and that its message is a sentence that says `what`. Returns the error. */
export function isError<E>(t: ExecutionContext, error: unknown, of: ErrorClass<E>, what?: RegExp): E {
  if (!(error instanceof of)) t.is(error, of as unknown, `expected ${of.name}`)
  if (error instanceof MiouError) {
    t.regex(error.code, /^ERR_MIOU_[A-Z_]+$/)
    t.is(error.name, of.name)
    t.true(error.message.includes(' '), `not a sentence: ${error.message}`)
  }
  if (what !== undefined) t.regex((error as Error).message, what)
  return error as E
}

/** Checks that a call throws such an error. */
export function refuses<E>(t: ExecutionContext, call: () => unknown, of: ErrorClass<E>, what?: RegExp): E {
  let value: unknown
  try {
    value = call()
  } catch (error) {
    return isError(t, error, of, what)
  }
  throw new Error(`expected ${of.name}, got ${String(value)}`)
}

/** Checks that a promise, as a rule that of a run, rejects with such an error. */
export async function rejects<E>(
  t: ExecutionContext,
  promise: Promise<unknown>,
  of: ErrorClass<E>,
  what?: RegExp,
): Promise<E> {
  let value: unknown
  try {
    value = await promise
  } catch (error) {
    return isError(t, error, of, what)
  }
  throw new Error(`expected ${of.name}, got ${String(value)}`)
}
