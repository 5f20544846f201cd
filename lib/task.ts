import type { Cancelled } from './errors.js'
import type { Op, Operation, Suspension } from './operation.js'
import type { Extra } from './extra.js'
import { markHandle } from './handle.js'
import type { Resource } from './resource.js'
import type { RunRecord } from './run-record.js'

/** The result of a task that has ended. */
export type Result<T> = { ok: true; value: T } | { ok: false; error: unknown }

/** What a task runs: a generator function, or a function that returns an operation. */
export type Body<T> = () => Operation<T>

/** A child task, as its parent holds it. `yield* task` is `awaitExn(task)`. */
export interface Task<T> extends Operation<T> {
  /** Unique in its run; main is 1. */
  readonly id: number
  /** The domain that runs it; 0 is the one that called `run`. */
  readonly domain: number
  /** `finished`: it returned; `exited`: it threw or was cancelled. Of a task on another domain: as last heard. */
  readonly state: 'running' | 'finished' | 'exited'
}

let awaitByStar: (task: TaskRecord) => Operation<unknown>

/** Says what `yield* task` does. */
export function onStar(wait: (task: TaskRecord) => Operation<unknown>): void {
  awaitByStar = wait
}

/** Its body was entered. */
export const STARTED = 1
/** Its body is over; its finalisers have run, children of it may still unwind. */
export const ENDED = 2
/** It and all its descendants are over. */
export const DONE = 4
/** It returned. */
export const OK = 8
/** It stands in the queue of tasks that run next. */
export const READY = 16
/** It stands in the queue of tasks that unwind, which goes first. */
export const URGENT = 32
/** It runs on another domain: this is what is known of it here. */
export const REMOTE = 64
/**
 * It was spawned inside a shield of its parent, which keeps it from being cancelled with the parent; of a task whose parent is
 * on another domain: of any ancestor.
 */
export const SHIELDED = 128
/** It is in its parent's list of children. */
export const LISTED = 256
/** Its parent cancelled it by name: whatever it produced, awaiting it says `Cancelled`. */
export const OVERRIDDEN = 512
/** Its parent on another domain waits for word of it. */
export const CALLED = 1024
/** It, or a descendant of it, has broken a rule that no task may see broken. */
export const FATAL = 2048
/** Its code is a generator. */
export const GENERATOR = 4096
/** Its parent waits for it among others. */
export const AWAITED = 8192
/** Somebody has its value: what is in it is theirs. */
export const READ = 16384

/**
 * A task. Children form a list from the newest to the oldest, through `older` and `newer`. What most tasks never have is
 * in `extra`: a parked task costs 600 bytes at most, its generator included.
 */
export class TaskRecord implements Task<unknown> {
  flags = 0
  /** The body before it starts, its generator from then on, null at the end. */
  code: Body<unknown> | Iterator<Suspension, unknown, unknown> | null
  /** The operation that it waits in. */
  op: Op<unknown> | null = null
  /** The operation that it has made and not used yet. */
  made: Op<unknown> | null = null
  /** What it returned or threw. */
  value: unknown = undefined
  /** Set once it is cancelled: what is thrown where it waits. */
  cancelled: Cancelled | null = null
  /** How many shields it is in. */
  shields = 0
  /** The child that was spawned last. */
  children: TaskRecord | null = null
  older: TaskRecord | null = null
  newer: TaskRecord | null = null
  /** How many children are not over. */
  live = 0
  /** The resource that it took last. */
  resources: Resource | null = null
  /** Who is told when it is over, beside its parent: what stands for it in the collector that stores it, or a promise. */
  stored: { ended(): void } | null = null
  extra: Extra | null = null

  constructor(
    readonly id: number,
    readonly run: RunRecord,
    readonly parent: TaskRecord | null,
    body: Body<unknown> | null,
    /** The state of its random choices. */
    public seed: number,
  ) {
    this.code = body
  }

  get domain(): number {
    return this.flags & REMOTE ? this.extra!.domain : this.run.domain
  }

  get state(): 'running' | 'finished' | 'exited' {
    if (!(this.flags & (ENDED | DONE))) return 'running'
    return this.flags & OK ? 'finished' : 'exited'
  }

  [Symbol.iterator](): Iterator<Suspension, unknown, unknown> {
    return awaitByStar(this)[Symbol.iterator]()
  }
}

markHandle(TaskRecord)

/** The ancestor of a task, or the task itself, whose parent is on another domain; main where that is its ancestor. */
export function rootOf(task: TaskRecord): TaskRecord {
  let root = task
  while (root.parent !== null) root = root.parent
  return root
}

/** How a task is named where a person reads it: `task 7 (handler)`. */
export function nameOf(task: TaskRecord): string {
  const name = task.extra?.name
  return name ? `task ${task.id} (${name})` : task.id === 1 ? 'task 1 (main)' : `task ${task.id}`
}

/** Whether a task is cancelled, and in no shield. */
export function isCancelled(task: TaskRecord): boolean {
  return task.cancelled !== null && task.shields === 0
}

/** Why the children of a task are cancelled: for what cancelled it, or for what it threw. */
export function causeOf(task: TaskRecord): unknown {
  return task.cancelled === null ? task.value : task.cancelled.cause
}

/** The result of a task that is over, as its parent sees it. */
export function resultOf(task: TaskRecord): Result<unknown> {
  if (task.flags & OVERRIDDEN) return { ok: false, error: task.cancelled }
  return task.flags & OK ? { ok: true, value: task.value } : { ok: false, error: task.value }
}
