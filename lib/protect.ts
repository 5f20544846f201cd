import { enter } from './body.js'
import { spent, turn } from './budget.js'
import { Cancelled, FinallyRaised, InvalidArgument, OnCancellationRaised } from './errors.js'
import { Compound, currentTask, FINALISING, type Operation, type Suspension } from './operation.js'
import { isPlain, refuseGenerator } from './plain.js'
import type { Body } from './task.js'
import { shown } from './shown.js'

/** What `protect` calls, each a plain function: they can't perform operations. */
export interface ProtectCallbacks {
  /** Called after `finally` where the body ended by `Cancelled`. */
  onCancellation?: () => void
  /** Called once, however the body ends; says whether it ended by `Cancelled`. */
  finally: (cancelled: boolean) => void
}

/**
 * Runs `body` and then `finally`, and after that `onCancellation` where the body ended by `Cancelled`: its task's own, or
 * that of a child that it awaited, since the error alone decides.
 *
 * @throws What the body throws. `FinallyRaised` where `finally` throws, `OnCancellationRaised` where `onCancellation`
 * does, with what they threw as the cause. A task that is cancelled stays so either way.
 * @example
 * yield* Miou.protect({ finally: () => pool.giveBack(connection) }, () => query(connection))
 */
export function protect<T>(callbacks: ProtectCallbacks, body: Body<T>): Operation<T> {
  const { onCancellation, finally: last } = callbacks ?? {}
  if (!isPlain(last) || (onCancellation !== undefined && !isPlain(onCancellation))) {
    throw new InvalidArgument(
      'protect takes { finally, onCancellation } with the functions to call, no function*, finally at least',
    )
  }
  if (typeof body !== 'function')
    throw new InvalidArgument('protect takes its callbacks and a function* that is its body')
  return new Compound('protect(callbacks, body)', () => protectedBody(callbacks, body))
}

function* protectedBody<T>(callbacks: ProtectCallbacks, body: Body<T>): Generator<Suspension, T> {
  if (spent()) yield* turn()
  // Also where neither of the two below is reached, since the task swallowed Cancelled for so long that it is ended.
  let cancelled = true
  try {
    const value = yield* enter(body, 'protect')
    cancelled = false
    return value
  } catch (error) {
    cancelled = error instanceof Cancelled
    throw error
  } finally {
    plainly(FinallyRaised, 'finally', () => callbacks.finally(cancelled))
    if (cancelled) plainly(OnCancellationRaised, 'onCancellation', () => callbacks.onCancellation?.())
  }
}

/** Calls a callback as a finaliser is called; what it throws is the cause of an error of its own kind. */
function plainly(raised: typeof FinallyRaised | typeof OnCancellationRaised, name: string, callback: () => void): void {
  const task = currentTask('protect(callbacks, body)')
  const { made } = task
  task.made = FINALISING
  try {
    refuseGenerator(callback(), `${name} of protect`)
  } catch (error) {
    throw new raised(`${name} of protect threw: ${error instanceof Error ? error.message : shown(error)}`, {
      cause: error,
    })
  } finally {
    task.made = made
  }
}
