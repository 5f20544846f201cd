import { rust } from './domain-thread.js'
import { MutexError } from './errors.js'
import { extra } from './extra.js'
import { registerHandle, wrongHandle } from './handle.js'
import { WaitOp } from './io.js'
import { holds, Mutex, refuseInTask } from './mutex.js'
import { make, type Operation } from './operation.js'
import { drop, giveUp, handedOn, hold, ownerOf, threadOwner } from './owner.js'
import { WAIT } from './ring.js'
import { CONDITION, shared } from './shared.js'
import { world } from './world.js'

/** A condition variable between tasks of all domains. Made by `Condition.create`. */
export class Condition {
  /** Tells it from other types, for the compiler only. */
  declare protected readonly kind: 'condition'
  /** @internal */
  constructor(
    /** @internal */
    readonly word: number,
    /** The name that it was made with. */
    readonly name: string | undefined,
  ) {}
}

const conditions = shared(CONDITION, (word, name) => new Condition(word, name))

/**
 * A condition. The same name gives the same condition to every domain of the process.
 *
 * @example
 * const stopped = Condition.create('stopped')
 */
export function create(name?: string): Condition {
  return conditions.create(name)
}

function valid(c: unknown, what: string): asserts c is Condition {
  if (!(c instanceof Condition))
    throw wrongHandle(c, `Condition.${what} takes a condition, as Condition.create makes it`)
}

class Wait extends WaitOp<void> {
  readonly label = 'Condition.wait(condition, mutex)'
  condition: Condition | null = null
  mutex: Mutex | null = null
  /** The number of the lock that it gives up and takes again. */
  private turn = 0

  wait(): void {
    const { task } = this
    const m = this.mutex!
    this.turn = m.turn
    drop(task, m)
    this.submit(WAIT, this.condition!.word, m.word, ownerOf(task), 0, 0)
  }

  finish(): void {
    if (this.result < 0) throw needsMutex(this.mutex!)
    hold(this.task, this.mutex!)
    this.mutex!.turn = this.turn
  }

  override abort(): void {
    super.abort()
    const more = extra(this.task)
    more.lost ??= new Set()
    more.lost.add(this.mutex!)
  }

  /** It was signaled and holds the mutex again: both pass on. */
  protected giveBack(): void {
    giveUp(this.mutex!.word, ownerOf(this.task))
    wake(this.condition!, false)
  }

  override describe(): string {
    return `wait ${this.condition?.name ?? 'a condition'}`
  }
}

/**
 * Gives the mutex up and waits for a signal, in one step; holds the mutex again when it returns. It may return without a
 * signal: wait in a loop that looks at what is waited for. Where it is cancelled, the task leaves without the mutex.
 *
 * @throws `MutexError` (`notOwner`, `unlocked`) where the task does not hold the mutex.
 * @example
 * using _ = yield* Mutex.lock(m)
 * while (!ready()) yield* Condition.wait(c, m)
 */
export function wait(c: Condition, m: Mutex): Operation<void> {
  valid(c, 'wait')
  if (!(m instanceof Mutex)) throw wrongHandle(m, 'Condition.wait takes a condition and the mutex that goes with it')
  const op = new Wait()
  make(op)
  if (!holds(m, op.task)) {
    op.task.made = null
    throw needsMutex(m)
  }
  op.condition = c
  op.mutex = m
  return op
}

function needsMutex(m: Mutex): MutexError {
  const reason = whyNot(m)
  const whose =
    reason === 'unlocked'
      ? ''
      : ', in the task that waits: another one holds it, and a child (the body of timeout is one) does not hold what its parent does'
  return new MutexError(reason, `Condition.wait needs the mutex: lock it first${whose}`)
}

/** Why a mutex is not one's own. */
function whyNot({ word }: Mutex): 'unlocked' | 'notOwner' {
  return Atomics.load(world, word) === 0 ? 'unlocked' : 'notOwner'
}

function wake(c: Condition, all: boolean): void {
  rust().signal(c.word, all)
  handedOn()
}

/**
 * As `wait`, on a thread that runs no tasks: the thread waits, in steps of 50 ms at the most.
 *
 * @throws `MutexError` (`notOwner`, `unlocked`); `InvalidArgument` in a task, which would hold up all others: use `wait`.
 * @example
 * Mutex.lockSync(m)
 * while (!ready()) Condition.waitSync(c, m)
 * Mutex.unlock(m)
 */
export function waitSync(c: Condition, m: Mutex): void {
  valid(c, 'waitSync')
  if (!(m instanceof Mutex))
    throw wrongHandle(m, 'Condition.waitSync takes a condition and the mutex that goes with it')
  refuseInTask('Condition.waitSync', 'Condition.wait')
  if (rust().waitSync(c.word, m.word, threadOwner()) < 0) {
    throw new MutexError(whyNot(m), 'Condition.waitSync needs the mutex: lock it first, with Mutex.lockSync')
  }
  while (!rust().park());
}

/**
 * Wakes the task that has waited longest, if any does. Signals are not stored. May be called from anywhere.
 *
 * @example
 * Queue.enqueue(jobs, job)
 * Condition.signal(hasJobs)
 */
export function signal(c: Condition): void {
  valid(c, 'signal')
  wake(c, false)
}

/**
 * Wakes all tasks that wait, the oldest first. May be called from anywhere.
 *
 * @example
 * sysSignal('SIGINT', () => {
 *   stopping = true
 *   Condition.broadcast(stop)
 * })
 */
export function broadcast(c: Condition): void {
  valid(c, 'broadcast')
  wake(c, true)
}

registerHandle(Condition, {
  tag: 'condition',
  pack: (c, cargo) => conditions.share(c, cargo),
  unpack: (packed) => conditions.arrive(packed),
})
