import { InvalidArgument, NotOwner } from './errors.js'
import { wrongHandle } from './handle.js'
import { debugging, log } from './log.js'
import { currentTask, FINALISING } from './operation.js'
import { here } from './here.js'
import { isPlain, refuseGenerator } from './plain.js'
import { referenceOf } from './portable.js'
import { noteSite } from './site.js'
import { nameOf, type TaskRecord } from './task.js'
import { trace, tracing } from './trace.js'

let last = 0

/** Gives a value back. Written as a method, whose parameters are bivariant: so any `Resource<T>` is assignable to `Resource`. */
type Finaliser<T> = { call(value: T): void }['call']

/** Something that a task owns: a value, and what gives it back. Made by `Ownership.create`. */
export class Resource<T = unknown> {
  /** Tells it from other types, for the compiler only. */
  declare protected readonly kind: 'resource'
  /** @internal Tells it apart in traces. */
  readonly id = ++last
  /** @internal */
  owner: TaskRecord | null = null
  /** @internal What its owner owned before it. */
  older: Resource | null = null
  /** @internal */
  newer: Resource | null = null
  /** @internal What it is known by on all domains that it has been on; 0 while it never moved. */
  identity = 0
  /** @internal Whether its finaliser is known on all domains. */
  portable = false
  /** @internal The place of the domain that it is left to, should this one die; 0: none. */
  heir = 0
  /** @internal Not empty where it is on another domain: `transferred` may still be returned there. */
  moved: '' | 'gone' | 'transferred' = ''

  /** @internal */
  constructor(
    /** What it stands for. */
    readonly value: T,
    /** @internal */
    readonly finaliser: Finaliser<T>,
  ) {}
}

/** What is done when a task takes a resource with a portable finaliser, and when it lets it go. */
let taken: (resource: Resource, task: TaskRecord) => void = () => {}
let dropped: (resource: Resource, task: TaskRecord) => void = () => {}

/** Says what is done when a task takes a resource with a portable finaliser, and when it lets it go. */
export function onPortable(take: typeof taken, letGo: typeof dropped): void {
  taken = take
  dropped = letGo
}

let live: (value: unknown, what: string) => void = () => {}

/** Says what throws where a value is a handle that is of no use here any more. */
export function onLive(check: typeof live): void {
  live = check
}

/** Throws where nobody here can own a resource: it went to another domain, or what it stands for was closed. */
export function checkHere(resource: Resource, what: string): void {
  const { moved, value } = resource
  if (moved !== '') throw new InvalidArgument(`${what}: the resource went to another domain: it is used there`)
  live(value, what)
}

/** Puts a resource in front of those that a task owns. */
export function attach(resource: Resource, task: TaskRecord): void {
  resource.owner = task
  resource.older = task.resources
  resource.newer = null
  if (task.resources !== null) task.resources.newer = resource
  task.resources = resource
  if (resource.portable) taken(resource, task)
}

/** Takes a resource from its owner. */
export function detach(resource: Resource): void {
  const task = resource.owner
  if (task === null) return
  if (resource.newer === null) task.resources = resource.older
  else resource.newer.older = resource.older
  if (resource.older !== null) resource.older.newer = resource.newer
  resource.owner = null
  resource.older = null
  resource.newer = null
  if (resource.portable) dropped(resource, task)
}

/** A task takes a resource that nobody owned: unlike where it is given or transferred, traces tell so. */
export function acquire(resource: Resource, task: TaskRecord): void {
  attach(resource, task)
  if (tracing.on) trace({ type: 'attach', resource: resource.id }, task)
}

/** The current task lets go of a resource that it owns, for nobody: unlike where it is passed on, traces tell so. */
export function letGo(resource: Resource, task: TaskRecord): void {
  detach(resource)
  if (tracing.on) trace({ type: 'detach', resource: resource.id }, task)
}

/** Calls the finaliser of a resource with `task` as the current task: plain functions work, operations do not. */
export function finalise(resource: Resource, task: TaskRecord): void {
  const { current } = here
  const { made } = task
  here.current = task
  task.made = FINALISING
  try {
    refuseGenerator(resource.finaliser(resource.value), 'the finaliser')
  } finally {
    task.made = made
    here.current = current
  }
}

/** Finalises a resource that has come for nobody, outside of tasks. What its finaliser throws is logged. */
export function finaliseFreely(resource: Resource): void {
  try {
    refuseGenerator(resource.finaliser(resource.value), 'the finaliser')
  } catch (error) {
    log('the finaliser of a resource that nobody got threw', error)
  }
}

/** Finalises everything that a task owns, the newest first. What a finaliser throws is logged. */
export function finaliseAll(task: TaskRecord): void {
  for (let resource = task.resources; resource !== null; resource = task.resources) {
    detach(resource)
    try {
      finalise(resource, task)
    } catch (error) {
      log(`a finaliser of ${nameOf(task)} threw`, error)
    }
  }
}

function check(r: Resource, what: string): TaskRecord {
  const task = currentTask(`Ownership.${what}(resource)`)
  if (!(r instanceof Resource)) throw wrongHandle(r, `Ownership.${what} takes a Resource, as Ownership.create makes it`)
  if (r.owner !== task) throw notOwner(r, task)
  return task
}

/** The error for a task that does not own the resource which it wants to use. */
export function notOwner(r: Resource, task: TaskRecord): NotOwner {
  if (tracing.on) trace({ type: 'notOwner', resource: r.id }, task)
  return new NotOwner(`${nameOf(task)} does not own the resource: ${ownerOf(r)}`)
}

function ownerOf(r: Resource): string {
  if (r.moved !== '') return 'it went to another domain'
  return r.owner === null ? 'nobody does (own it first, or have it given)' : `${nameOf(r.owner)} does`
}

/**
 * A resource of `value` that nobody owns yet. `finalise` gives the value back.
 *
 * @param finalise A plain function, which can not wait; a portable one lets the resource cross to another domain.
 * @throws `InvalidArgument` where `finalise` is none.
 * @example
 * const connection = Ownership.create(pool.take(), (c) => pool.giveBack(c))
 * Ownership.own(connection)
 */
export function create<T>(value: T, finalise: (value: T) => void): Resource<T> {
  if (!isPlain(finalise)) {
    throw new InvalidArgument('Ownership.create takes a value and the function that finalises it, no function*')
  }
  const resource = new Resource(value, finalise)
  if (debugging()) noteSite(resource)
  resource.portable = referenceOf(finalise) !== undefined
  return resource
}

/**
 * Has the current task own a resource that nobody owns.
 *
 * @throws `NotInTask`; `InvalidArgument` where a task owns it already, or it went to another domain; `Closed`.
 * @example
 * Ownership.own(connection)
 */
export function own(r: Resource): void {
  const task = currentTask('Ownership.own(resource)')
  if (!(r instanceof Resource)) throw wrongHandle(r, 'Ownership.own takes a Resource, as Ownership.create makes it')
  checkHere(r, 'Ownership.own')
  if (r.owner !== null) {
    throw new InvalidArgument(`${nameOf(r.owner)} owns the resource already: it passes on by give and by transfer`)
  }
  acquire(r, task)
}

/**
 * Lets go of a resource without finalising it.
 *
 * @throws `NotOwner`; `NotInTask`.
 * @example
 * Ownership.disown(connection) // from here on nobody gives it back
 */
export function disown(r: Resource): void {
  letGo(r, check(r, 'disown'))
}

/**
 * Does nothing where the current task owns the resource.
 *
 * @throws `NotOwner` where it does not; `NotInTask`.
 * @example
 * Ownership.check(connection)
 * connection.value.query(text)
 */
function checkOwned(r: Resource): void {
  check(r, 'check')
}
export { checkOwned as check }

/**
 * Finalises a resource and lets go of it, also where the finaliser throws.
 *
 * @throws `NotOwner`; `NotInTask`; what the finaliser throws.
 * @example
 * Ownership.release(connection)
 */
export function release(r: Resource): void {
  const task = check(r, 'release')
  letGo(r, task)
  finalise(r, task)
}
