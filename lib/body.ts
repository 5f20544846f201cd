import { InvalidArgument } from './errors.js'
import type { Operation } from './operation.js'
import { shown } from './shown.js'
import type { Body } from './task.js'

/**
 * Calls the body that was given to `what`, and returns its operation.
 *
 * @throws `InvalidArgument` where it returns none; what it throws.
 */
export function enter<T>(body: Body<T>, what: string): Operation<T> {
  const operation: unknown = body()
  if (typeof operation === 'object' && operation !== null && Symbol.iterator in operation)
    return operation as Operation<T>
  throw noOperation(operation, `the body of ${what}`)
}

/** The error for a body that returned something else than an operation. */
export function noOperation(returned: unknown, body: string): InvalidArgument {
  const what =
    returned instanceof Promise ? 'a promise (an async function can not be a task: use function*)' : shown(returned)
  return new InvalidArgument(`${body} must be a function* or return an operation; it returned ${what}`)
}
