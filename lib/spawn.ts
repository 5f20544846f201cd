import { checkObject } from './check-object.js'
import { makeCancelled } from './cancellation.js'
import { InvalidArgument } from './errors.js'
import { extra } from './extra.js'
import { debugging } from './log.js'
import { currentTask } from './operation.js'
import type { Collector } from './collector.js'
import { checkCollector, type Orphans, store } from './orphans.js'
import { attach, checkHere, detach, Resource } from './resource.js'
import { childSeed } from './random.js'
import { hurry, ready } from './ready.js'
import { site } from './site.js'
import { type Body, causeOf, ENDED, isCancelled, LISTED, nameOf, SHIELDED, type Task, TaskRecord } from './task.js'
import { trace, tracing } from './trace.js'

/** How a task is spawned. */
export interface SpawnOptions<T> {
  /** Resources that move to the child: it owns them from the start, the last one as the newest. */
  give?: Resource[]
  /** A collector that stores the child. */
  orphans?: Orphans<T>
  /** What the task tree and errors call it. */
  name?: string
}

/** A new child in its parent's list, which does not run yet. */
export function child(parent: TaskRecord, body: Body<unknown> | null, id = parent.run.nextId()): TaskRecord {
  const { run } = parent
  const task = new TaskRecord(id, run, parent, body, childSeed(parent))
  task.flags = parent.shields > 0 ? LISTED | SHIELDED : LISTED
  task.older = parent.children
  if (parent.children !== null) parent.children.newer = task
  parent.children = task
  parent.live++
  if (run.context) extra(task).context = run.context()
  return task
}

/** Checks the options of a spawn, before anything exists. */
export function checkSpawnOptions(parent: TaskRecord, options: SpawnOptions<never>, what: string): void {
  checkObject(options, what)
  const { give, orphans, name } = options
  if (give !== undefined) {
    if (!Array.isArray(give) || Array.from(give).some((r) => !(r instanceof Resource))) {
      throw new InvalidArgument(`${what}: give takes an array of resources (Unix.Ownership.resource(fd) is one)`)
    }
    for (const resource of give) {
      const { owner } = resource
      checkHere(resource, `${what}: give`)
      if (owner !== null && owner !== parent) {
        throw new InvalidArgument(
          `${what}: ${nameOf(owner)} owns a resource that is to be given: only its owner may give it`,
        )
      }
    }
  }
  if (name !== undefined && typeof name !== 'string') throw new InvalidArgument(`${what}: name takes a string`)
  if (orphans !== undefined) checkCollector(orphans, parent, `${what}: orphans`)
}

/** Gives a new child what the options say. */
export function equip(task: TaskRecord, options: SpawnOptions<never>): void {
  const { give, orphans, name } = options
  if (name !== undefined) extra(task).name = name
  if (debugging()) extra(task).created = site()
  if (give !== undefined) {
    for (const resource of give) {
      detach(resource)
      attach(resource, task)
    }
  }
  if (orphans !== undefined) store(orphans as unknown as Collector, task)
}

/** Whether nothing that this task spawns may start: it is cancelled, or is over and a finaliser of it runs. */
export function isBarren(task: TaskRecord): boolean {
  return isCancelled(task) || (task.flags & ENDED) !== 0
}

/** A child that is spawned in a cancelled task is born cancelled: it never starts, and what it was given is finalised. */
export function bornCancelled(task: TaskRecord, parent: TaskRecord): boolean {
  if (!isBarren(parent)) return false
  // A reporter has cancelled both, say, when it was told of the spawn.
  if (task.cancelled !== null) return true
  task.cancelled = makeCancelled(causeOf(parent))
  if (tracing.on) trace('cancel', task)
  return true
}

/**
 * Spawns a child of the current task, on this domain. The parent goes on first; the child runs when it waits or yields.
 *
 * @param body A generator function, or a function that returns an operation.
 * @throws `NotInTask`, `InvalidArgument`.
 * @example
 * const task = Miou.async(function* () { yield* Unix.sleep(100); return 42 })
 * const answer = yield* task
 */
export function async_<T>(body: Body<T>, options?: SpawnOptions<T>): Task<T> {
  const parent = currentTask('async(body)')
  if (typeof body !== 'function') throw new InvalidArgument('async takes a function* that is the body of the task')
  if (options !== undefined) checkSpawnOptions(parent, options as SpawnOptions<never>, 'async')
  const task = child(parent, body)
  if (options !== undefined || debugging()) equip(task, (options ?? {}) as SpawnOptions<never>)
  if (tracing.on)
    trace({ type: 'spawn', parent: parent.id, kind: 'async', ...(options?.name && { name: options.name }) }, task)
  if (bornCancelled(task, parent)) hurry(task)
  else ready(task)
  return task as unknown as Task<T>
}
