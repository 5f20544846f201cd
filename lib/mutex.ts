import { enter } from './body.js'
import { rust } from './domain-thread.js'
import { InvalidArgument, MutexError } from './errors.js'
import { here } from './here.js'
import { registerHandle, wrongHandle } from './handle.js'
import { WaitOp } from './io.js'
import { Compound, currentTask, make, NO_TASK, type Operation, type Suspension } from './operation.js'
import { drop, giveUp, hold, ownerOf, threadOwner } from './owner.js'
import { LOCK } from './ring.js'
import { MUTEX, shared } from './shared.js'
import { IDLE } from './suspension.js'
import type { Body, TaskRecord } from './task.js'
import { world } from './world.js'

/** Somebody waits for the mutex: the lowest bit of its word. */
const CONTENDED = 1

/** A mutual-exclusion lock between tasks of all domains. Made by `Mutex.create`. */
export class Mutex {
  /** Tells it from other types, for the compiler only. */
  declare protected readonly kind: 'mutex'
  /** @internal The number of the lock that a task of this domain holds, or held last: a guard belongs to its own. */
  turn = 0
  /** @internal Its lock operation: the next one, where nobody uses it. */
  locker: Lock | null = null
  /** @internal Whether another domain may know it: until then its word needs no atomic operations, 18 ns each. */
  shared = true
  /** @internal */
  constructor(
    /** @internal Its word in shared memory: 0, or the owner's id, its lowest bit set while somebody waits. */
    readonly word: number,
    /** The name that it was made with. */
    readonly name: string | undefined,
  ) {}
}

/** The number of the last lock of any mutex on this domain. */
let turns = 0

/** A lock that is held; disposing of it unlocks, once. */
class Guard implements Disposable {
  constructor(
    private readonly mutex: Mutex,
    private readonly turn: number,
    private readonly task: TaskRecord,
  ) {}

  [Symbol.dispose](): void {
    if (this.mutex.turn === this.turn && holds(this.mutex, this.task)) unlockAs(this.mutex, this.task)
  }
}

const mutexes = shared(MUTEX, (word, name) => new Mutex(word, name))

/**
 * A mutex. The same name gives the same mutex to every domain of the process, so one that a module makes guards them all;
 * without a name it is private until it is passed on.
 *
 * @example
 * const output = Mutex.create('output')
 */
export function create(name?: string): Mutex {
  const m = mutexes.create(name)
  if (name === undefined) m.shared = false
  return m
}

function valid(m: unknown, what: string): asserts m is Mutex {
  if (!(m instanceof Mutex)) throw wrongHandle(m, `Mutex.${what} takes a mutex, as Mutex.create makes it`)
}

/** Whether a task holds a mutex. */
export function holds(m: Mutex, task: TaskRecord): boolean {
  const owner = task.extra?.owner ?? 0
  // Nobody else makes it this owner's, or takes it away.
  return owner !== 0 && (world[m.word]! & ~CONTENDED) === owner
}

/**
 * Tries to take the word; otherwise notes on it that somebody waits. Each step is one atomic operation, but on a word that
 * this thread alone knows.
 */
function take({ word, shared }: Mutex, owner: number): 'taken' | 'wait' | 'mine' {
  if (!shared && world[word] === 0) {
    world[word] = owner
    return 'taken'
  }
  for (;;) {
    const seen = Atomics.compareExchange(world, word, 0, owner)
    if (seen === 0) return 'taken'
    if ((seen & ~CONTENDED) === owner) return 'mine'
    if (seen & CONTENDED || Atomics.compareExchange(world, word, seen, seen | CONTENDED) === seen) return 'wait'
  }
}

/** A task has locked a mutex: an earlier wait that was cancelled is no excuse any more for unlocking what is not locked. */
function taken(task: TaskRecord, m: Mutex): void {
  hold(task, m)
  task.extra!.lost?.delete(m)
  m.turn = ++turns
}

class Lock extends WaitOp<Disposable> {
  readonly label = 'Mutex.lock(mutex)'

  constructor(private readonly mutex: Mutex) {
    super()
  }

  override attempt(): boolean {
    const outcome = take(this.mutex, ownerOf(this.task))
    if (outcome === 'mine') throw twice(this.mutex)
    return outcome === 'taken'
  }

  wait(): void {
    this.submit(LOCK, this.mutex.word, ownerOf(this.task), 0, 0, 0)
  }

  finish(): Disposable {
    const m = this.mutex
    taken(this.task, m)
    return new Guard(m, m.turn, this.task)
  }

  protected giveBack(): void {
    giveUp(this.mutex.word, ownerOf(this.task))
  }

  override recycle(): void {
    this.task = NO_TASK
  }

  override describe(): string {
    return `lock ${this.mutex.name ?? 'a mutex'}`
  }
}

function twice(m: Mutex): MutexError {
  return new MutexError('owner', `the task holds ${m.name ?? 'this mutex'} already: a mutex can't be locked twice`)
}

/**
 * Waits for the mutex and takes it. First come, first served; nobody barges in.
 *
 * @returns A guard: `using _ = yield* Mutex.lock(m)` unlocks at the end of the block.
 * @throws `MutexError` (`owner`) where the task holds it already.
 * @example
 * using _ = yield* Mutex.lock(output)
 */
export function lock(m: Mutex): Operation<Disposable> {
  valid(m, 'lock')
  let { locker: op } = m
  if (op === null || op.phase !== IDLE) {
    op = new Lock(m)
    m.locker = op
  }
  make(op)
  return op
}

function unlockAs(m: Mutex, task: TaskRecord | null): void {
  const owner = task === null ? threadOwner() : ownerOf(task)
  const alone = !m.shared && world[m.word] === owner
  if (alone) world[m.word] = 0
  const outcome = alone ? 0 : giveUp(m.word, owner)
  if (outcome === 0) {
    if (task !== null) drop(task, m)
  } else if (outcome === 1) {
    throw new MutexError('unlocked', `${m.name ?? 'this mutex'} is not locked`)
  } else
    throw new MutexError(
      'notOwner',
      `${m.name ?? 'this mutex'} is locked by somebody else: only who holds it may unlock it`,
    )
}

/**
 * Gives the mutex up: to whoever has waited longest, if anybody waits. After a `Condition.wait` that was cancelled, which
 * leaves without the mutex, the next unlock does nothing.
 *
 * @throws `MutexError` (`unlocked`, `notOwner`).
 * @example
 * yield* Mutex.lock(output)
 * try { console.log(line) } finally { Mutex.unlock(output) }
 */
export function unlock(m: Mutex): void {
  valid(m, 'unlock')
  const task = here.current
  if (task?.extra?.lost?.delete(m)) return
  unlockAs(m, task)
}

/**
 * Takes the mutex if it is free, and says whether it did. Never waits.
 *
 * @returns False also where the caller holds it already.
 * @example
 * if (Mutex.tryLock(output)) try { flush() } finally { Mutex.unlock(output) }
 */
export function tryLock(m: Mutex): boolean {
  valid(m, 'tryLock')
  const task = here.current
  const owner = task === null ? threadOwner() : ownerOf(task)
  if (Atomics.compareExchange(world, m.word, 0, owner) !== 0) return false
  if (task === null) m.turn = ++turns
  else taken(task, m)
  return true
}

/**
 * Takes the mutex on a thread that runs no tasks, a worker of one's own: the thread waits, in steps of 50 ms at the most.
 *
 * @throws `MutexError` (`owner`); `InvalidArgument` in a task, which would hold up all others: use `lock`.
 * @example
 * Mutex.lockSync(output)
 * try { console.log(line) } finally { Mutex.unlock(output) }
 */
export function lockSync(m: Mutex): void {
  valid(m, 'lockSync')
  refuseInTask('Mutex.lockSync', 'Mutex.lock')
  const owner = threadOwner()
  const outcome = take(m, owner)
  if (outcome === 'mine') throw twice(m)
  if (outcome === 'taken' || rust().lockSync(m.word, owner) === 1) return
  while (!rust().park());
}

/** Throws where a function that holds the thread up is called in a task. */
export function refuseInTask(what: string, instead: string): void {
  if (here.current !== null)
    throw new InvalidArgument(`${what} would hold up every task of this domain: use ${instead} here`)
}

/**
 * Runs `body` with the mutex held, and gives it up however the body ends.
 *
 * @example
 * yield* Mutex.protect(output, function* () { console.log('alone') })
 */
export function protect<T>(m: Mutex, body: Body<T>): Operation<T> {
  valid(m, 'protect')
  if (typeof body !== 'function')
    throw new InvalidArgument('Mutex.protect takes a mutex and a function* that is its body')
  return new Compound('Mutex.protect(mutex, body)', () => guarded(m, body))
}

function* guarded<T>(m: Mutex, body: Body<T>): Generator<Suspension, T> {
  const guard = yield* lock(m)
  try {
    return yield* enter(body, 'Mutex.protect')
  } finally {
    const task = currentTask('Mutex.protect(mutex, body)')
    task.extra?.lost?.delete(m)
    guard[Symbol.dispose]()
  }
}

registerHandle(Mutex, {
  tag: 'mutex',
  pack(m, cargo) {
    m.shared = true
    return mutexes.share(m, cargo)
  },
  unpack: (packed) => mutexes.arrive(packed),
})
