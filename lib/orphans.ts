import { choose } from './random.js'
import { InvalidArgument } from './errors.js'
import { unlist } from './end.js'
import { Compound, currentTask, make, Op, type Operation } from './operation.js'
import { ready } from './ready.js'
import { DONE, type Result, resultOf, type Task, type TaskRecord } from './task.js'

/** A collector of background tasks. It stores them for their parent, who still must await or cancel each. */
export interface Orphans<T> {
  /** How many it stores. */
  readonly length: number
  /** @internal */
  readonly kind: (value: T) => void
}

/** Stores tasks, the newest last; the ended ones can be found without looking at the others. */
export class OrphansRecord {
  owner: TaskRecord | null = null
  readonly stored: TaskRecord[] = []
  get length(): number {
    return this.stored.length
  }
  declare readonly kind: (value: never) => void
}

/**
 * Makes a collector for background tasks. It belongs to the first task that stores in it or asks it.
 *
 * @example
 * const handlers = Miou.orphans<void>()
 * Miou.async(function* () { yield* serve(client) }, { orphans: handlers })
 * yield* Miou.drain(handlers)
 */
export function orphans<T>(): Orphans<T> {
  return new OrphansRecord() as unknown as Orphans<T>
}

/** Throws where `o` is no collector that `task` may use. */
export function checkCollector(o: unknown, task: TaskRecord): asserts o is OrphansRecord {
  if (!(o instanceof OrphansRecord)) throw new InvalidArgument('not a collector: Miou.orphans() makes one')
  if (o.owner !== null && o.owner !== task) throw new InvalidArgument('The given orphans is owned by another promise')
}

/** Stores a child. */
export function store(o: OrphansRecord, task: TaskRecord): void {
  o.owner = task.parent
  o.stored.push(task)
}

function claim(o: unknown, what: string): OrphansRecord {
  const task = currentTask(what)
  checkCollector(o, task)
  o.owner = task
  return o
}

/**
 * A stored task that has ended, removed from the collector, for its parent to await; the newest first.
 *
 * @returns `undefined` where none is stored, `null` where none has ended yet.
 * @example
 * for (let task = Miou.care(handlers); task; task = Miou.care(handlers)) yield* Miou.await(task)
 */
export function care<T>(o: Orphans<T>): Task<T> | null | undefined {
  const { stored } = claim(o, 'care(orphans)')
  if (stored.length === 0) return undefined
  for (let i = stored.length - 1; i >= 0; i--) {
    if (stored[i]!.flags & DONE) return stored.splice(i, 1)[0] as unknown as Task<T>
  }
  return null
}

/** Removes the newest stored task, whatever its state, for its parent to await or cancel. */
export function take<T>(o: Orphans<T>): Task<T> | undefined {
  return claim(o, 'take(orphans)').stored.pop() as unknown as Task<T> | undefined
}

/** Waits until one of the stored tasks is over. */
class Get extends Op<Result<unknown> | undefined> {
  readonly label = 'get(orphans)'
  collector: OrphansRecord | null = null

  override attempt(): boolean {
    const { stored } = this.collector!
    return stored.length === 0 || stored.some((task) => task.flags & DONE)
  }

  wait(): void {}

  override childEnded(child: TaskRecord): void {
    if (this.collector!.stored.includes(child)) ready(this.task)
  }

  abort(): void {}

  finish(): Result<unknown> | undefined {
    const { stored } = this.collector!
    const over = stored.filter((task) => task.flags & DONE)
    if (over.length === 0) return undefined
    const winner = pick(over, this.task)
    stored.splice(stored.indexOf(winner), 1)
    unlist(winner)
    return resultOf(winner)
  }
}

/** One of several tasks that are over: by chance, but one that returned before one that threw. */
export function pick(over: TaskRecord[], chooser: TaskRecord): TaskRecord {
  const returned = over.filter((task) => resultOf(task).ok)
  const candidates = returned.length > 0 ? returned : over
  return candidates[choose(chooser, candidates.length)]!
}

/**
 * Waits until a stored task is over, removes it and tells how it ended; `undefined` where none is stored.
 *
 * @example
 * for (let r = yield* Miou.get(handlers); r; r = yield* Miou.get(handlers)) if (!r.ok) console.error(r.error)
 */
export function get<T>(o: Orphans<T>): Operation<Result<T> | undefined> {
  const op = new Get()
  make(op)
  try {
    op.collector = claim(o, 'get(orphans)')
  } catch (error) {
    op.task.made = null
    throw error
  }
  return op as Operation<Result<T> | undefined>
}

/**
 * Waits for all stored tasks, those included that are stored meanwhile, and tells how each ended, in the order in which
 * they did.
 *
 * @example
 * const results = yield* Miou.drain(handlers)
 */
export function drain<T>(o: Orphans<T>): Operation<Result<T>[]> {
  claim(o, 'drain(orphans)')
  return new Compound('drain(orphans)', function* () {
    const results: Result<T>[] = []
    for (let r = yield* get(o); r !== undefined; r = yield* get(o)) results.push(r)
    return results
  })
}
