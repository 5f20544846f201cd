import { InvalidArgument } from './errors.js'
import { registerHandle, wrongHandle } from './handle.js'
import { outside } from './here.js'
import { type Awaiting, completed, tokenFor, WaitOp } from './io.js'
import { log } from './log.js'
import { native } from './native.js'
import { make, type Operation } from './operation.js'
import { isPlain } from './plain.js'
import { schedule } from './ready.js'
import { AWAIT, COMPLETED, words } from './ring.js'
import { shared, TRIGGER } from './shared.js'
import { world } from './world.js'

/** Somebody waits. */
const AWAITING = 1
const SIGNALED = 2

/** A signal that is given once, and one who waits for it. Made by `Trigger.create`. */
export class Trigger {
  /** Tells it from other types, for the compiler only. */
  declare protected readonly kind: 'trigger'
  /** @internal */
  readonly name = undefined
  /** @internal */
  constructor(
    /** @internal Its word in shared memory, which the core writes. */
    readonly word: number,
  ) {}
}

const triggers = shared(TRIGGER, (word) => new Trigger(word))

/**
 * A trigger: it is signaled once, and stays so; one task or one callback may wait for it, on any domain.
 *
 * @example
 * const done = Trigger.create()
 * child.once('exit', () => Trigger.signal(done))
 * yield* Trigger.await(done)
 */
export function create(): Trigger {
  return triggers.create(undefined)
}

/** Throws where `t` is no trigger. */
export function validTrigger(t: unknown, what: string): asserts t is Trigger {
  if (!(t instanceof Trigger)) throw wrongHandle(t, `${what} takes a trigger, as Trigger.create makes it`)
}

function taken(): InvalidArgument {
  return new InvalidArgument('somebody waits for this trigger already: each waiter needs a trigger of its own')
}

/** Waits for a trigger. */
class Await extends WaitOp<void> {
  readonly label = 'Trigger.await(trigger)'

  constructor(private readonly trigger: Trigger) {
    super()
  }

  override attempt(): boolean {
    const state = Atomics.load(world, this.trigger.word)
    if (state === AWAITING) throw taken()
    return state === SIGNALED
  }

  wait(): void {
    this.submit(AWAIT, this.trigger.word, 0, 0, 0, 0)
  }

  finish(): void {
    if (this.result < 0) throw taken()
  }

  /** A signal is not used up. */
  protected giveBack(): void {}
}

/** Calls what the running call into Rust has set off on this thread, and has the tasks run that it has woken. */
export function rung(count: number): void {
  if (count > 0) for (const token of native.rung()) completed(token, 0, 0, 0)
  if (words[COMPLETED] > 0) schedule()
}

/**
 * Signals a trigger: whoever waits for it goes on. More than once does no harm. May be called from anywhere.
 *
 * @example
 * child.once('exit', () => Trigger.signal(done))
 */
export function signal(t: Trigger): void {
  validTrigger(t, 'Trigger.signal')
  if (Atomics.load(world, t.word) !== SIGNALED) rung(native.fire(t.word))
}

/**
 * Whether a trigger was signaled.
 *
 * @example
 * while (!Trigger.isSignaled(stop)) yield* step()
 */
export function isSignaled(t: Trigger): boolean {
  validTrigger(t, 'Trigger.isSignaled')
  return Atomics.load(world, t.word) === SIGNALED
}

/**
 * Waits until a trigger is signaled; returns at once where it is already. A task that is cancelled meanwhile leaves the
 * trigger to another one.
 *
 * @throws `InvalidArgument` where somebody waits for it already.
 * @example
 * yield* Trigger.await(done)
 */
function await_(t: Trigger): Operation<void> {
  validTrigger(t, 'Trigger.await')
  const op = new Await(t)
  make(op)
  return op
}
export { await_ as await }

/** Waits for a trigger in place of a task. */
class Callback implements Awaiting {
  constructor(private readonly fn: () => void) {}

  /** Called where the trigger is signaled, and not where nobody can signal it any more. */
  settle(result: number): void {
    if (result < 0) return
    try {
      outside(this.fn)
    } catch (error) {
      log('a callback of Trigger.onSignal threw', error)
    }
  }
}

/** Stands for a callback that is not to be called. */
const NEVER = -1

/**
 * Has `fn` called once, on this domain and outside of tasks, when the trigger is signaled: at once where that happens here,
 * at the next turn where it happens elsewhere.
 *
 * @returns Whether it will be called: false where the trigger is signaled already.
 * @throws `InvalidArgument` where somebody waits for it already.
 * @example
 * if (!Trigger.onSignal(done, () => server.close())) server.close()
 */
export function onSignal(t: Trigger, fn: () => void): boolean {
  validTrigger(t, 'Trigger.onSignal')
  if (!isPlain(fn)) throw new InvalidArgument('Trigger.onSignal takes a trigger and a function, no function*')
  const token = tokenFor(new Callback(fn))
  const attached = native.onSignal(t.word, token)
  if (attached === 1) {
    // A turn declares the domain asleep where it is idle: until then nobody would wake it.
    schedule()
    return true
  }
  completed(token, NEVER, 0, 0)
  if (attached < 0) throw taken()
  return false
}

registerHandle(Trigger, {
  tag: 'trigger',
  pack: (t, cargo) => triggers.share(t, cargo),
  unpack: (packed) => triggers.arrive(packed),
})
