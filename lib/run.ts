import { checkObject } from './check-object.js'
import { availableParallelism } from 'node:os'
import { inContext } from './async-context.js'
import { cancelTree } from './cancellation.js'
import { place, rust } from './domain-thread.js'
import { type DomainDied, InvalidArgument } from './errors.js'
import { extra } from './extra.js'
import type { Leftovers } from './leftovers.js'
import {
  applyChange,
  bringSource,
  type Change,
  type Joining,
  leaveRun,
  onLeft,
  sendChange,
  sendJoin,
  sendLeave,
} from './member.js'
import { giveBack, takeThreads, type Thread } from './pool.js'
import { referenceOf } from './portable.js'
import { ready } from './ready.js'
import { runs } from './remote.js'
import { RunRecord } from './run-record.js'
import './scheduler.js'
import { handled, handlesSignals, restoreSignals } from './signals.js'
import type { EventFactory } from './source.js'
import { type Body, DONE, resultOf, TaskRecord } from './task.js'
import { trace, tracing } from './trace.js'
import { watch } from './watch.js'
import { world } from './world.js'
import { shown } from './shown.js'

/** How a run is run. */
export interface RunOptions {
  /** Extra domains, beside the one that calls `run`; MIOU_DOMAINS, else one less than the machine has processors. */
  domains?: number
  /** Makes the choices of all tasks repeatable; MIOU_SEED, else random. */
  seed?: number
  /** Operations that a slice may complete before others run; MIOU_QUANTA, else 64. */
  quanta?: number
  /** Aborting it cancels main. */
  signal?: AbortSignal
  /** Brings an event source to every domain; a portable function where there are extra ones. */
  events?: EventFactory
  /** Runs each task in the async context (`AsyncLocalStorage`) in which it was created. Costs 0.3 us a slice. */
  asyncContext?: boolean
}

/** Runs on this thread that have not ended: while there is one, Node's loop is kept alive. */
let running = 0

function whole(
  name: string,
  given: number | undefined,
  variable: string,
  least: number,
  fallback: () => number,
): number {
  if (given !== undefined) {
    if (Number.isInteger(given) && given >= least) return given
    throw new InvalidArgument(`run: ${name} is a whole number from ${least} on, not ${shown(given)}`)
  }
  const text = process.env[variable]
  const value = text === undefined || text.trim() === '' ? Number.NaN : Number(text)
  return Number.isInteger(value) && value >= least ? value : fallback()
}

/** How many extra domains a run has where so many are asked for, or none in particular. */
export function extraDomains(asked?: number): number {
  return whole('domains', asked, 'MIOU_DOMAINS', 0, () => availableParallelism() - 1)
}

/**
 * Runs `main` as the main task, on this domain and as many extra ones as are asked for, and resolves with what it returns
 * when every task of the run is over and every finaliser has run. Runs may follow one another, and run beside each other.
 *
 * @throws Rejects with what main throws, or with the first fatal error (`StillHasChildren`, `ResourceLeaked`,
 * `ForeignYield`).
 * @example
 * const answer = await Miou.run(function* () { return yield* Miou.async(function* () { return 42 }) })
 */
export async function run<T>(main: Body<T>, options: RunOptions = {}): Promise<T> {
  if (typeof main !== 'function') throw new InvalidArgument('run takes a function* that is the body of the main task')
  checkObject(options, 'run')
  const domains = extraDomains(options.domains)
  if (domains > 1000) throw new InvalidArgument(`run: there can be 1000 extra domains at the most, not ${domains}`)
  const quanta = whole('quanta', options.quanta, 'MIOU_QUANTA', 1, () => 64)
  const seed = whole('seed', options.seed, 'MIOU_SEED', Number.MIN_SAFE_INTEGER, () => (Math.random() * 2 ** 32) | 0)
  const { signal, events } = options
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw new InvalidArgument('run: signal is an AbortSignal')
  const source = events === undefined ? undefined : referenceOf(events)
  if (events !== undefined && typeof events !== 'function')
    throw new InvalidArgument('run: events is a function that makes an event source')
  if (events !== undefined && source === undefined && domains > 0) {
    throw new InvalidArgument(
      'run: with extra domains, events is a portable function, so that each domain can make a source of its own',
    )
  }

  if (running++ === 0) rust().keepAlive(true)
  try {
    const threads = await takeThreads(domains)
    const joining: Omit<Joining, 'reporter'> = {
      // Positive, and small for V8, however many there have been.
      run: (Atomics.add(world, 0, 1) & 0x3fffffff) + 1,
      quanta,
      ids: new BigInt64Array(new SharedArrayBuffer(8)),
      places: [place(), ...threads.map((thread) => thread.place)],
      events: source,
      asyncContext: options.asyncContext === true,
    }
    return (await new Run(joining, threads).finish(main as Body<unknown>, seed, options)) as T
  } finally {
    if (--running === 0) rust().keepAlive(false)
  }
}

/** A run as the domain that began it knows it. */
class Run {
  private readonly record: RunRecord
  private main: TaskRecord | undefined
  private resolve: () => void = () => {}
  /** When each of the last domains died, in ms. */
  private readonly deaths: number[] = []

  constructor(
    private readonly joining: Omit<Joining, 'reporter'>,
    private readonly threads: Thread[],
  ) {
    const { run, quanta, ids, places } = joining
    this.record = new RunRecord(
      run,
      0,
      quanta,
      ids,
      [...places],
      (task) => this.rootEnded(task),
      () => {},
    )
    if (joining.asyncContext) this.record.context = inContext
    runs.set(run, this.record)
    for (const thread of threads) this.join(thread)
  }

  private join(thread: Thread): void {
    thread.onDeath = (reason) => void this.replace(thread, reason)
    sendJoin(thread.place, this.joining)
  }

  async finish(main: Body<unknown>, seed: number, { signal, events }: RunOptions): Promise<unknown> {
    const { record } = this
    if (events !== undefined) bringSource(record, events)
    const task = new TaskRecord(record.nextId(), record, null, main, seed | 0)
    if (record.context !== undefined) extra(task).context = record.context()
    this.main = task
    if (tracing.on) trace({ type: 'spawn', parent: 0, kind: 'async' }, task)
    record.roots.add(task)
    if (record.fatal !== undefined) cancelTree(task, record.fatal)
    const abort = (): void => cancelTree(task, signal?.reason)
    if (signal?.aborted) abort()
    else signal?.addEventListener('abort', abort, { once: true })
    record.unwatch = watch(record, () => handlesSignals(record))
    await new Promise<void>((resolve) => {
      this.resolve = resolve
      ready(task)
    })
    signal?.removeEventListener('abort', abort)
    await this.leave()
    if (record.fatal !== undefined) throw record.fatal
    const result = resultOf(task)
    if (!result.ok) throw result.error
    return result.value
  }

  /** Main is over, or a task that handled a signal: when main is, the others are cancelled. */
  private rootEnded(task: TaskRecord): void {
    const { roots } = this.record
    roots.delete(task)
    if (task !== this.main) handled(task)
    else {
      this.record.ending = true
      for (const other of roots) cancelTree(other, undefined)
    }
    if (roots.size === 0 && this.main !== undefined && this.main.flags & DONE) this.resolve()
  }

  /** Every task is over: the domains leave the run and stay warm. */
  private async leave(): Promise<void> {
    const { record, threads } = this
    restoreSignals(record)
    const left = [leaveRun(record)]
    await new Promise<void>((resolve) => {
      const waiting = new Set(threads.map((thread) => thread.place))
      const done = (from: number): void => {
        waiting.delete(from)
        if (waiting.size === 0) resolve()
      }
      if (waiting.size === 0) resolve()
      onLeft(record.id, (from, leftovers) => {
        left.push(leftovers)
        done(from)
      })
      for (const thread of threads) {
        thread.onDeath = () => done(thread.place)
        sendLeave(thread.place, record.id)
      }
    })
    onLeft(record.id, undefined)
    for (const thread of threads) giveBack(thread)
    warn(left)
  }

  /** A domain of this run has died: the others hear of it, and the pool grows a successor. */
  private async replace(thread: Thread, reason: DomainDied): Promise<void> {
    const { threads, joining } = this
    threads.splice(threads.indexOf(thread), 1)
    joining.places.splice(joining.places.indexOf(thread.place), 1)
    const now = performance.now()
    this.deaths.push(now)
    if (this.deaths.filter((at) => now - at < 1000).length >= 3) {
      this.changed(0, thread.place, reason)
      return this.record.fail(reason)
    }
    this.changed(1, thread.place, reason)
    try {
      const [successor] = await takeThreads(1)
      if (successor === undefined) return
      if (!runs.has(joining.run)) return giveBack(successor)
      joining.places.push(successor.place)
      threads.push(successor)
      this.join(successor)
    } catch (error) {
      this.record.fail(error)
    }
    this.changed(-1)
  }

  /** Tells all domains of the run who belongs to it now. */
  private changed(expected: number, dead = 0, reason?: DomainDied): void {
    const { record, threads, joining } = this
    const change: Change = { places: [...joining.places], expected, dead, reason }
    for (const other of threads) sendChange(other.place, record.id, change)
    applyChange(record, change)
  }
}

/** Says once a run how many descriptors it left open. */
function warn(left: Leftovers[]): void {
  const count = left.reduce((sum, one) => sum + one.count, 0)
  if (count === 0) return
  const sites = left.flatMap((one) => one.sites)
  const where = sites.length > 0 ? `, made at ${sites.join(', ')}` : ': close them, or use Unix.Ownership'
  process.emitWarning(
    `${count} ${count === 1 ? 'descriptor was' : 'descriptors were'} still open at the end of a run and closed${where}`,
    {
      type: 'MiouWarning',
    },
  )
}
