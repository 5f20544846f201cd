import { atEnd, over } from './at-end.js'
import { enter } from './body.js'
import { spent, turn } from './budget.js'
import { discard } from './discard.js'
import { DomainDied, InvalidArgument } from './errors.js'
import { registerHandle, wrongHandle } from './handle.js'
import { WaitOp } from './io.js'
import { native } from './native.js'
import { Compound, currentTask, make, Op, type Operation, type Suspension } from './operation.js'
import { AWAIT } from './ring.js'
import { COMPUTATION, shared } from './shared.js'
import { hasCrossed, met } from './stacks.js'
import { type Body, isCancelled, type Result } from './task.js'
import { rung, type Trigger, validTrigger } from './trigger.js'
import { answerHere, copyOf, laid, layCopy } from './value.js'
import { world } from './world.js'

/** What the lowest two bits of the word of a computation say. */
const STATE = 3
export const RUNNING = 0
const FAILED = 2

/** What errors call a value. */
const VALUE = 'the value of a computation'

/** A cell that is written once, by anybody, and read by any number of tasks. Made by `Computation.create`. */
export class Computation<T> {
  /** @internal */
  readonly name = undefined
  /** What is in it, for the compiler only. */
  declare protected readonly type: T
  /** @internal */
  constructor(
    /** @internal Its word in shared memory, which the core writes. */
    readonly word: number,
  ) {}
}

const computations = shared(COMPUTATION, (word) => new Computation<unknown>(word))

/**
 * A computation whose outcome is not known yet: a promise that any task may keep, of any domain, and code outside of tasks.
 * What is read out of it is a clone.
 *
 * @example
 * const code = Computation.create<number>()
 * child.once('exit', (n) => Computation.tryReturn(code, n))
 * const n = yield* Computation.awaitExn(code)
 */
export function create<T>(): Computation<T> {
  return computations.create(undefined) as Computation<T>
}

function valid(c: unknown, what: string): asserts c is Computation<unknown> {
  if (!(c instanceof Computation)) {
    throw wrongHandle(c, `Computation.${what} takes a computation, as Computation.create makes it`)
  }
}

/** What is known of a computation, or a lazy value. */
export function stateOf({ word }: { word: number }): number {
  return Atomics.load(world, word) & STATE
}

/** The outcome of a computation that is complete. */
export function outcomeOf({ word }: { word: number }): Result<unknown> {
  const failed = (Atomics.load(world, word) & STATE) === FAILED
  answerHere()
  const value = laid(native.outcome(word))
  if (failed) hasCrossed(value)
  return failed ? { ok: false, error: value } : { ok: true, value }
}

/** Completes a computation with what was laid down; false where it is complete already. */
export function complete({ word }: { word: number }, failed: boolean): boolean {
  const count = native.complete(word, failed)
  if (count < 0) return false
  rung(count)
  return true
}

/**
 * Completes a computation with a value, unless it is complete; says whether it did. May be called from anywhere.
 *
 * @throws `InvalidArgument` for what can't cross, descriptors included; it is not complete then.
 * @example
 * child.once('exit', (n) => Computation.tryReturn(code, n))
 */
export function tryReturn<T>(c: Computation<T>, value: T): boolean {
  valid(c, 'tryReturn')
  if (stateOf(c) !== RUNNING) return false
  layCopy(value, VALUE)
  return complete(c, false)
}

/**
 * As `tryReturn`, with an error.
 *
 * @throws As `tryReturn`.
 * @example
 * child.once('error', (error) => Computation.tryCancel(code, error))
 */
export function tryCancel(c: Computation<unknown>, error: unknown): boolean {
  valid(c, 'tryCancel')
  if (stateOf(c) !== RUNNING) return false
  layCopy(error, 'the error of a computation')
  return complete(c, true)
}

/**
 * Runs `body` and completes a computation with what it returns or throws, unless it is complete by then; says whether it
 * did. A value that can't cross completes it with the error that says so; a descriptor in it is closed. A task that is
 * cancelled meanwhile completes it with its `Cancelled`, one whose domain dies with `DomainDied`.
 *
 * @example
 * yield* Computation.tryCapture(answer, function* () { return yield* ask(server) })
 */
export function tryCapture<T>(c: Computation<T>, body: Body<T>): Operation<boolean> {
  valid(c, 'tryCapture')
  if (typeof body !== 'function') {
    throw new InvalidArgument('Computation.tryCapture takes a computation and a function* that is its body')
  }
  return new Compound('Computation.tryCapture(computation, body)', () => capture(c, body))
}

function* capture<T>(c: Computation<T>, body: Body<T>): Generator<Suspension, boolean> {
  const task = currentTask('Computation.tryCapture(computation, body)')
  // Called where the task is ended by force, and neither returns nor throws.
  const giveUp = (): void => void settleFor(c, { ok: false, error: task.cancelled })
  atEnd(task, giveUp)
  layDeath(task.domain)
  native.entrust(c.word)
  let result: Result<T> | undefined
  try {
    if (spent()) yield* turn()
    result = { ok: true, value: yield* enter(body, 'tryCapture') }
  } catch (error) {
    // A cancellation is seen here, and not stopped.
    if (isCancelled(task)) throw error
    result = { ok: false, error }
  } finally {
    over(task, giveUp)
    if (result === undefined) giveUp()
  }
  const overridden = isCancelled(task)
  const completed = settleFor(c, overridden ? { ok: false, error: task.cancelled } : result)
  // Nobody gets what the body returned.
  if (result.ok && (overridden || !completed)) discard(result.value)
  return completed
}

/** Settles a computation that was entrusted to this domain: it fails with the domain until then, and not after that. */
function settleFor(c: Computation<unknown>, result: Result<unknown>): boolean {
  const completed = settle(c, result)
  native.relieve(c.word)
  return completed
}

/** The domain whose death is known how to be laid down, and what does that. */
let mortal: number | undefined
let lay: () => void

/** Lays down what a computation fails with where this domain dies: made once, it costs more than the rest of a `tryCapture`. */
function layDeath(domain: number): void {
  if (domain !== mortal) {
    const limit = Error.stackTraceLimit
    Error.stackTraceLimit = 0
    lay = copyOf(new DomainDied(`domain ${domain} died, on which a task was to complete this computation`), VALUE)
    Error.stackTraceLimit = limit
    mortal = domain
  }
  lay()
}

function settle(c: Computation<unknown>, result: Result<unknown>): boolean {
  try {
    return result.ok ? tryReturn(c, result.value) : tryCancel(c, result.error)
  } catch (error) {
    if (result.ok) discard(result.value)
    return tryCancel(c, error)
  }
}

/**
 * Whether a computation is not complete yet.
 *
 * @example
 * while (Computation.isRunning(code)) yield* Unix.sleep(1000)
 */
export function isRunning(c: Computation<unknown>): boolean {
  valid(c, 'isRunning')
  return stateOf(c) === RUNNING
}

/**
 * The error of a computation that was completed with one, otherwise undefined.
 *
 * @example
 * const error = Computation.cancelled(code)
 */
export function cancelled(c: Computation<unknown>): unknown | undefined {
  valid(c, 'cancelled')
  if (stateOf(c) !== FAILED) return undefined
  const result = outcomeOf(c)
  return result.ok ? undefined : result.error
}

/**
 * Throws the error of a computation that was completed with one.
 *
 * @example
 * for (const chunk of chunks) {
 *   Computation.raiseIfErrored(upload)
 *   yield* Unix.write(fd, chunk)
 * }
 */
export function raiseIfErrored(c: Computation<unknown>): void {
  valid(c, 'raiseIfErrored')
  if (stateOf(c) === FAILED) valueOf(metBy(outcomeOf(c), raiseIfErrored))
}

/**
 * The outcome of a computation, or undefined where it is not complete.
 *
 * @example
 * console.log(Computation.peek(code) ?? 'still running')
 */
export function peek<T>(c: Computation<T>): Result<T> | undefined {
  valid(c, 'peek')
  return stateOf(c) === RUNNING ? undefined : (outcomeOf(c) as Result<T>)
}

/** A result whose error the current task meets, below `above`. */
export function metBy<T>(result: Result<T>, above: (...args: never[]) => unknown): Result<T> {
  if (!result.ok) met(result.error, above)
  return result
}

/** The value of a result; throws its error. */
export function valueOf<T>(result: Result<T>): T {
  if (!result.ok) throw result.error
  return result.value
}

/**
 * Has a computation signal a trigger when it is complete; the one that was attached last is signaled first.
 *
 * @returns Whether it will: false where it is complete, or the trigger is signaled already.
 * @example
 * const either = Trigger.create()
 * for (const c of computations) Computation.tryAttach(c, either)
 * yield* Trigger.await(either)
 */
export function tryAttach(c: Computation<unknown>, t: Trigger): boolean {
  valid(c, 'tryAttach')
  validTrigger(t, 'Computation.tryAttach')
  return native.attach(c.word, t.word)
}

/**
 * Has a computation signal a trigger now, and not any more when it is complete.
 *
 * @example
 * Computation.detach(code, either)
 */
export function detach(c: Computation<unknown>, t: Trigger): void {
  valid(c, 'detach')
  validTrigger(t, 'Computation.detach')
  rung(native.detach(c.word, t.word))
}

/** Waits for the outcome of a computation. */
class Await extends WaitOp<unknown> {
  constructor(
    readonly label: string,
    private readonly computation: Computation<unknown>,
    private readonly throws: boolean,
  ) {
    super()
  }

  override attempt(): boolean {
    return stateOf(this.computation) !== RUNNING
  }

  wait(): void {
    this.submit(AWAIT, this.computation.word, 0, 0, 0, 0)
  }

  finish(): unknown {
    const result = metBy(outcomeOf(this.computation), Op.prototype.next)
    return this.throws ? valueOf(result) : result
  }

  /** An outcome is not used up. */
  protected giveBack(): void {}
}

/**
 * Waits until a computation is complete, and tells its outcome. Any number of tasks may wait, on any domain.
 *
 * @example
 * const result = yield* Computation.await(code)
 * if (!result.ok) console.error(result.error)
 */
function await_<T>(c: Computation<T>): Operation<Result<T>> {
  valid(c, 'await')
  const op = new Await('Computation.await(computation)', c, false)
  make(op)
  return op as Operation<Result<T>>
}
export { await_ as await }

/**
 * As `await`: returns the value, or throws the error.
 *
 * @example
 * const n = yield* Computation.awaitExn(code)
 */
export function awaitExn<T>(c: Computation<T>): Operation<T> {
  valid(c, 'awaitExn')
  const op = new Await('Computation.awaitExn(computation)', c, true)
  make(op)
  return op as Operation<T>
}

registerHandle(Computation, {
  tag: 'computation',
  pack: (c, cargo) => computations.share(c, cargo),
  unpack: (packed) => computations.arrive(packed),
})
