import { Collector } from './collector.js'
import { read } from './end.js'
import { InvalidArgument } from './errors.js'
import { staysAtHome } from './handle.js'
import { Compound, currentTask, make, Op, type Operation } from './operation.js'
import { ready } from './ready.js'
import type { Result, Task, TaskRecord } from './task.js'

/** Tells a collector from other types, for the compiler only. */
declare const kind: unique symbol

/** A collector of background tasks. It stores them for their parent, who still must await or cancel each. */
export interface Orphans<T> {
  /** How many it stores. */
  readonly length: number
  readonly [kind]: (value: T) => void
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
  return new Collector() as unknown as Orphans<T>
}

staysAtHome(Collector, 'collector', 'its tasks are for the task that spawned them')

/** Throws where `o` is no collector that `task` may use. */
export function checkCollector(o: unknown, task: TaskRecord, what: string): asserts o is Collector {
  if (!(o instanceof Collector)) throw new InvalidArgument(`${what} takes a collector, as Miou.orphans() makes it`)
  if (o.owner !== null && o.owner !== task) throw new InvalidArgument('The given orphans is owned by another promise')
}

/** Stores a child. */
export function store(o: Collector, task: TaskRecord): void {
  o.owner = task.parent
  task.stored = o.store(task)
}

function claim(o: unknown, what: string): Collector {
  const task = currentTask(what)
  checkCollector(o, task, what)
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
  const collector = claim(o, 'care(orphans)')
  if (collector.length === 0) return undefined
  return (collector.takeNewestEnded() as unknown as Task<T> | undefined) ?? null
}

/**
 * Removes the newest stored task, whatever its state, for its parent to await or cancel.
 *
 * @returns `undefined` where none is stored.
 * @example
 * for (let task = Miou.take(handlers); task; task = Miou.take(handlers)) yield* Miou.cancel(task)
 */
export function take<T>(o: Orphans<T>): Task<T> | undefined {
  return claim(o, 'take(orphans)').takeNewest() as unknown as Task<T> | undefined
}

/** Waits until one of the stored tasks is over. */
class Get extends Op<Result<unknown> | undefined> {
  readonly label = 'get(orphans)'
  collector: Collector | null = null

  override attempt(): boolean {
    const { length, hasEnded } = this.collector!
    return length === 0 || hasEnded
  }

  wait(): void {}

  override childEnded(): void {
    if (this.collector!.hasEnded) ready(this.task)
  }

  abort(): void {}

  finish(): Result<unknown> | undefined {
    const winner = this.collector!.takeAnyEnded(this.task)
    return winner === undefined ? undefined : read(winner)
  }
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
 * `get` tells of them: as they end, and by chance among those that have ended by then.
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
