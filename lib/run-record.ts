import type { Bequest } from './bequest.js'
import { cancelTree } from './cancellation.js'
import type { Death } from './lost.js'
import type { SourceRecord } from './source.js'
import { DONE, SHIELDED, type TaskRecord } from './task.js'

/** Ids that a domain takes from the run at a time. */
const BLOCK = 1024n

/** One run, as one of its domains knows it. */
export class RunRecord {
  /** The first error that no task may survive. */
  fatal: unknown = undefined
  /** Whether main is over, and tasks that handle signals unwind. */
  ending = false
  /** The event source of this domain, where the run brings one. */
  source: SourceRecord | undefined
  /** How many syscalls of its tasks on this domain are waited for. */
  suspended = 0
  /** Makes what keeps a new task in its creator's async context; undefined while that is not wanted. */
  context: (() => (slice: (task: TaskRecord) => void, task: TaskRecord) => void) | undefined
  /** Tasks on this domain whose parents are elsewhere; on domain 0 main, too. */
  readonly roots = new Set<TaskRecord>()
  /** Tasks on this domain whose parents are elsewhere, by id. */
  readonly called = new Map<number, TaskRecord>()
  /** Children of tasks on this domain that run elsewhere, by id. */
  readonly away = new Map<number, TaskRecord>()
  /** How many successors of dead domains are on their way. */
  expected = 0
  /** Calls that wait for one, since there is no other domain, by their tasks. */
  readonly deferred = new Map<TaskRecord, { send(to: number): void; drop(): void }>()
  /** Domains that have died, by place, while what they left unwinds. */
  readonly deaths = new Map<number, Death>()
  /** Resources of tasks elsewhere that are finalised here if their domain dies, by identity. */
  readonly bequests = new Map<number, Bequest>()
  /** Ends what watches it, with MIOU_DEBUG. */
  unwatch: () => void = () => {}
  private next = 0
  private end = 0

  constructor(
    /** Unique in the process. */
    readonly id: number,
    /** Number of this domain in the run; 0 is the one that called `run`. */
    readonly domain: number,
    /** Operations that a slice may complete. */
    readonly quanta: number,
    /** Shared by the domains of the run: counts the ids given out. A busy server needs more than 2 ** 32 within days. */
    readonly ids: BigInt64Array,
    /** Places in the world of all domains of the run, domain 0 first. */
    readonly places: number[],
    /** Called when a root is over. */
    readonly rootEnded: (task: TaskRecord) => void,
    /** Tells domain 0 of a fatal error. */
    private readonly report: (error: unknown) => void,
  ) {}

  /** An id for a new task. */
  nextId(): number {
    if (this.next === this.end) {
      this.next = Number(Atomics.add(this.ids, 0, BLOCK)) + 1
      this.end = this.next + Number(BLOCK)
    }
    return this.next++
  }

  /** A rule was broken that ends the run: every task of it is cancelled, and none can stop that. */
  fail(error: unknown): void {
    if (this.fatal !== undefined) return
    this.fatal = error
    this.report(error)
    // Those that a shield elsewhere may keep hear of it from there, once it is over.
    for (const task of this.roots) if (!(task.flags & (DONE | SHIELDED))) cancelTree(task, error)
  }
}
