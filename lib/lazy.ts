import { enter } from './body.js'
import { pack, unpack } from './clone.js'
import { atEnd, over } from './at-end.js'
import type { Cargo } from './cargo.js'
import { complete, metBy, outcomeOf, RUNNING, stateOf, valueOf } from './computation.js'
import { discard, holdsDescriptor } from './discard.js'
import { InvalidArgument, Undefined } from './errors.js'
import { registerHandle, wrongHandle } from './handle.js'
import { WaitOp } from './io.js'
import { native } from './native.js'
import { Compound, currentTask, make, Op, type Operation, type Suspension } from './operation.js'
import { type AnyFunction, find, load, type Portable, type Reference, referenceOf } from './portable.js'
import { ready } from './ready.js'
import { AWAIT } from './ring.js'
import { LAZY, shared, type SharedPart } from './shared.js'
import { type Body, isCancelled, type Result, type TaskRecord } from './task.js'
import { rung } from './trigger.js'
import { layCopy, layNothing } from './value.js'

/** Nobody computes it, and it is not there. */
const IDLE = 3

/** A value that is computed when it is first wanted. Made by `Lazy.fromFunction` and `Lazy.fromValue`. */
export class Lazy<T> {
  /** @internal */
  readonly name = undefined
  /** What is in it, for the compiler only. */
  declare protected readonly type: T
  /** @internal What computes it here. */
  body: Body<unknown> | null = null
  /** @internal Where that is found elsewhere. */
  reference: Reference | undefined
  /** @internal Its outcome, once it is known here. */
  result: Result<unknown> | undefined
  /** @internal The task here that computes it. */
  forcer: TaskRecord | null = null
  /** @internal It has been on its way to others, or come from them: its outcome is told them. */
  crossed = false
  /** @internal */
  constructor(
    /** @internal Its word in shared memory, which the core writes. */
    readonly word: number,
  ) {}
}

const lazies = shared(LAZY, (word) => new Lazy<unknown>(word))

/**
 * A lazy value that is there already.
 *
 * @throws `InvalidArgument` where a descriptor is in it.
 * @example
 * const config = Lazy.fromValue({ port: 3000 })
 */
export function fromValue<T>(value: T): Lazy<T> {
  if (holdsDescriptor(value)) throw hasDescriptor()
  const lazy = lazies.create(undefined)
  lazy.result = { ok: true, value }
  return lazy as Lazy<T>
}

/**
 * A lazy value: `body` computes it, in the task that first forces it. One over a portable function crosses to other
 * domains, and is computed once for all of them.
 *
 * @example
 * const config = Lazy.fromFunction(function* () { return parse(yield* readAll('app.json')) })
 * const { port } = yield* Lazy.force(config)
 */
export function fromFunction<T>(body: Body<T> | Portable<[], T>): Lazy<T> {
  if (typeof body !== 'function')
    throw new InvalidArgument('Lazy.fromFunction takes a function* that computes the value')
  const lazy = lazies.create(undefined)
  lazy.body = body
  lazy.reference = referenceOf(body)
  return lazy as Lazy<T>
}

/** Its outcome, where it is there. */
function known(lazy: Lazy<unknown>): Result<unknown> | undefined {
  if (lazy.result !== undefined) return lazy.result
  const state = stateOf(lazy)
  if (state === RUNNING || state === IDLE) return undefined
  lazy.result = metBy(outcomeOf(lazy), known)
  return lazy.result
}

/** Forces a lazy value that is there. */
class Forced extends Op<unknown> {
  readonly label = LABEL
  constructor(private readonly result: Result<unknown>) {
    super()
  }
  override attempt(): boolean {
    return true
  }
  wait(): void {}
  abort(): void {}
  finish(): unknown {
    return valueOf(this.result)
  }
}

/** Waits while somebody else computes a lazy value. */
class Computed extends WaitOp<void> {
  readonly label = LABEL
  constructor(private readonly lazy: Lazy<unknown>) {
    super()
  }
  override attempt(): boolean {
    return stateOf(this.lazy) !== RUNNING
  }
  wait(): void {
    this.submit(AWAIT, this.lazy.word, 0, 0, 0, 0)
  }
  finish(): void {}
  protected giveBack(): void {}
}

/** Waits until the module of a function is here. */
class Load extends Op<AnyFunction> {
  readonly label = LABEL
  private result: Result<AnyFunction> | undefined
  private aborted = false
  constructor(private readonly reference: Reference) {
    super()
  }
  wait(): void {
    const settle = (result: Result<AnyFunction>): void => {
      if (this.aborted) return
      this.result = result
      ready(this.task)
    }
    load(this.reference).then(
      (value) => settle({ ok: true, value }),
      (error) => settle({ ok: false, error }),
    )
  }
  abort(): void {
    this.aborted = true
  }
  finish(): AnyFunction {
    return valueOf(this.result!)
  }
  override get external(): boolean {
    return true
  }
}

const LABEL = 'Lazy.force(lazy)'
/** What errors call the outcome. */
const OUTCOME = 'the outcome of a lazy value'

/**
 * The value, computed by the current task where nobody has yet; others that force it meanwhile wait, on any domain. What
 * the function throws, all of them get. A forcer that is cancelled leaves it to the next one.
 *
 * @throws What its function throws; `Undefined` where the task that computes it forces it.
 * @example
 * const { port } = yield* Lazy.force(config)
 */
export function force<T>(lazy: Lazy<T>): Operation<T> {
  if (!(lazy instanceof Lazy)) throw wrongHandle(lazy, 'Lazy.force takes a lazy value, as Lazy.fromFunction makes it')
  const result = known(lazy)
  if (result === undefined) return new Compound(LABEL, () => forcing(lazy)) as Operation<T>
  const op = new Forced(result)
  make(op)
  return op as Operation<T>
}

function* forcing(lazy: Lazy<unknown>): Generator<Suspension, unknown> {
  const task = currentTask(LABEL)
  for (;;) {
    const result = known(lazy)
    if (result !== undefined) return valueOf(result)
    if (lazy.forcer === task)
      throw new Undefined('the task computes this lazy value already, and can not wait for itself')
    if (native.claim(lazy.word)) return valueOf(yield* compute(lazy, task))
    const op = new Computed(lazy)
    make(op)
    yield* op
  }
}

/** Computes it in the current task, which has claimed it. */
function* compute(lazy: Lazy<unknown>, task: TaskRecord): Generator<Suspension, Result<unknown>> {
  let result: Result<unknown> | undefined
  const giveUp = (): void => {
    lazy.forcer = null
    native.disclaim(lazy.word)
    rung(0)
  }
  lazy.forcer = task
  atEnd(task, giveUp)
  try {
    result = { ok: true, value: yield* enter(yield* bodyOf(lazy), 'a lazy value') }
  } catch (error) {
    if (isCancelled(task)) throw error
    result = { ok: false, error }
  } finally {
    over(task, giveUp)
    // It may work for the next one.
    if (result === undefined || isCancelled(task)) giveUp()
  }
  if (isCancelled(task)) throw task.cancelled
  return settle(lazy, result)
}

function* bodyOf(lazy: Lazy<unknown>): Generator<Suspension, Body<unknown>> {
  if (lazy.body !== null) return lazy.body
  const reference = lazy.reference!
  const found = find(reference)
  if (found !== undefined) return found
  const op = new Load(reference)
  make(op)
  return yield* op
}

/** Its outcome is there. One that has crossed is told in bytes; where it can't be, the outcome is the error that says so. */
function settle(lazy: Lazy<unknown>, result: Result<unknown>): Result<unknown> {
  const outcome = result.ok && holdsDescriptor(result.value) ? refused(result.value) : result
  lazy.result = lazy.crossed ? told(outcome) : outcome
  if (!lazy.crossed) layNothing()
  lazy.body = null
  lazy.forcer = null
  complete(lazy, !lazy.result.ok)
  return lazy.result
}

function refused(value: unknown): Result<unknown> {
  discard(value)
  return { ok: false, error: hasDescriptor() }
}

function hasDescriptor(): InvalidArgument {
  return new InvalidArgument('a lazy value can be had by many: there can not be a descriptor in it')
}

/** Lays an outcome down for the other domains. */
function told(result: Result<unknown>): Result<unknown> {
  try {
    layCopy(result.ok ? result.value : result.error, OUTCOME)
    return result
  } catch (error) {
    layCopy(error, OUTCOME)
    return { ok: false, error }
  }
}

/** A lazy value on its way: what computes it, or its outcome. */
interface Packed extends SharedPart {
  reference?: Reference | undefined
  result?: Result<unknown>
}

function packLazy(lazy: Lazy<unknown>, cargo: Cargo): Packed {
  const { reference, result } = lazy
  if (result === undefined) {
    if (reference === undefined && !lazy.crossed) {
      throw new InvalidArgument('a lazy value crosses where its function is portable: Lazy.fromFunction(portable(...))')
    }
    lazy.crossed = true
    return { ...lazies.share(lazy, cargo), reference }
  }
  const moving = cargo.moving.length
  const outcome = pack(result.ok ? result.value : result.error, cargo, OUTCOME).value
  if (cargo.moving.length > moving) {
    throw new InvalidArgument(
      'the outcome of a lazy value can be had by many: there is a descriptor in it, or what else moves',
    )
  }
  return {
    ...lazies.share(lazy, cargo),
    result: result.ok ? { ok: true, value: outcome } : { ok: false, error: outcome },
  }
}

registerHandle<Lazy<unknown>>(Lazy, {
  tag: 'lazy',
  pack: packLazy,
  unpack(packed, arrived): Lazy<unknown> {
    const { reference, result } = packed as Packed
    const lazy = lazies.arrive(packed)
    lazy.crossed = true
    if (lazy.result !== undefined) return lazy
    lazy.reference ??= reference
    if (result?.ok) lazy.result = { ok: true, value: unpack(result.value, arrived) }
    else if (result !== undefined) lazy.result = { ok: false, error: unpack(result.error, arrived) }
    return lazy
  },
})
