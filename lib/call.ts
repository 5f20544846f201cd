import { bequeathGiven } from './bequest.js'
import { inNoContext } from './async-context.js'
import { atEnd, over } from './at-end.js'
import { type Cargo, cargoOf } from './cargo.js'
import { Deferral } from './deferral.js'
import { place } from './domain-thread.js'
import { InvalidArgument } from './errors.js'
import { type Arrived, closeMoved, onceLoaded } from './handle.js'
import { extra } from './extra.js'
import { functionIn, putFunction, told } from './function-table.js'
import { CALL, onMessage } from './mail.js'
import { anyPlace, eligible, EXPECTED, pinned } from './members.js'
import { begin, put, putId, putInt, putText, send } from './message.js'
import { prepareAll } from './prepared.js'
import { currentTask, type Operation } from './operation.js'
import { type AnyFunction, find, load, type Reference, referenceOf } from './portable.js'
import { ready } from './ready.js'
import { endWith, runs, sendCancel } from './remote.js'
import { attach, detach, finaliseAll, finaliseFreely, type Resource } from './resource.js'
import type { RunRecord } from './run-record.js'
import { bornCancelled, checkSpawnOptions, child, equip, isBarren, type SpawnOptions } from './spawn.js'
import { CALLED, REMOTE, rootOf, SHIELDED, type Task, TaskRecord } from './task.js'
import { trace, tracing } from './trace.js'
import type { TransferListItem } from 'node:worker_threads'

/** How a task is called. */
export interface CallOptions<T> extends SpawnOptions<T> {
  /** The domain to run it, as `Domain.all()` numbers them; by chance where it is left out. */
  pin?: number
  /** What is moved to the other domain instead of cloned: array buffers, message ports. */
  transfer?: readonly TransferListItem[]
}

/**
 * Spawns a child of the current task on another domain, never on domain 0. The stack of an error that it throws goes on with
 * that of who awaits it here.
 *
 * @param fn A portable function.
 * @param args Its arguments: what structured clone takes, nested a thousand deep at the most, and handles (descriptors, mutexes,
 *   queues, ...).
 * @throws `NoDomainAvailable`; `InvalidArgument` for what can't cross, and then nothing has moved.
 * @example
 * const digest = yield* Miou.call(hash, [path])
 */
export function call<A extends unknown[], T>(
  fn: (...args: A) => Operation<T>,
  args: A,
  options: CallOptions<T> = {},
): Task<T> {
  const parent = currentTask('call(fn, args)')
  const reference = referenceOf(fn)
  if (reference === undefined) {
    const name = typeof fn === 'function' && fn.name ? fn.name : 'f'
    throw new InvalidArgument(
      `call takes a portable function: const ${name} = portable(import.meta, function* ...) at the top of its module`,
    )
  }
  if (!Array.isArray(args))
    throw new InvalidArgument('call takes the arguments of the function as an array: call(f, [1, 2])')
  checkSpawnOptions(parent, options as SpawnOptions<never>, 'call')
  if (options.transfer !== undefined && !Array.isArray(options.transfer)) {
    throw new InvalidArgument('call: transfer takes an array of what is to be moved (array buffers, ports)')
  }
  const to = options.pin === undefined ? anyPlace(parent) : pinned(parent, options.pin)
  return callAt(parent, reference, args, options as CallOptions<never>, to) as unknown as Task<T>
}

/** Calls a function at a place. */
export function callAt(
  parent: TaskRecord,
  reference: Reference,
  args: unknown[],
  options: CallOptions<never>,
  to: number,
): TaskRecord {
  const { run } = parent
  const id = run.nextId()
  const unborn = isBarren(parent)
  const called: Called = {
    run,
    id,
    path: pathFrom(parent),
    seed: parent.seed,
    kept: isKept(parent),
    reference,
    name: options.name ?? '',
  }
  const give = [...new Set(options.give)]
  const transfer = [...(options.transfer ?? [])]
  let deferral: Deferral | undefined
  // One that is born cancelled is checked as any other, and waits for a domain until it is dropped below.
  if (unborn || to === EXPECTED) deferral = new Deferral([...args, ...give], cargoWith(give), transfer)
  else sendCall(called, args, give, transfer, to)
  const task = child(parent, null, id)
  const more = extra(task)
  more.domain = to
  more.place = unborn ? EXPECTED : to
  equip(task, { ...options, give: [] })
  more.name ??= reference.name
  task.flags |= REMOTE
  run.away.set(id, task)
  if (deferral !== undefined) {
    for (const resource of give) detach(resource)
    defer(task, called, deferral, give.length)
  }
  // Behind all that cancelling it needs: a reporter may do so, by the signal of the run.
  if (tracing.on) {
    const { name } = options
    trace({ type: 'spawn', parent: parent.id, kind: 'call', ...(name && { name }) }, task, run.domain)
  }
  if (unborn && bornCancelled(task, parent)) sendCancel(task, undefined)
  return task
}

/** A call, beside what it takes with it. */
interface Called {
  run: RunRecord
  id: number
  /** The places of the domains of its ancestors. */
  path: number[]
  seed: number
  /** Whether a shield above may keep it from being cancelled with all others. */
  kept: boolean
  reference: Reference
  name: string
}

/** A call waits for its domain. */
function defer(task: TaskRecord, called: Called, deferral: Deferral, gifts: number): void {
  const { run } = task
  const giveUp = (given: Resource[], arrived: Arrived): void => {
    for (const resource of given) attach(resource, task)
    finaliseAll(task)
    closeMoved(arrived)
  }
  run.deferred.set(task, {
    send(to) {
      run.deferred.delete(task)
      const { values, transfer, arrived } = deferral.takeOut(run)
      const given = values.splice(values.length - gifts) as Resource[]
      try {
        sendCall(called, values, given, transfer, to)
      } catch (error) {
        giveUp(given, arrived)
        endWith(task, 0, error)
      }
    },
    drop() {
      run.deferred.delete(task)
      const { values, arrived } = deferral.takeOut(run)
      giveUp(values.splice(values.length - gifts) as Resource[], arrived)
    },
  })
}

/** Calls that waited for the successor of a domain go to it. */
export function sendDeferred(run: RunRecord): void {
  const to = eligible(run)[0]
  if (to === undefined) return
  for (const [task, call] of run.deferred) {
    const more = extra(task)
    more.domain = to
    more.place = to
    call.send(to)
  }
}

/** The places of the domains that a task and its ancestors run on. */
function pathFrom(task: TaskRecord): number[] {
  const above = rootOf(task).extra?.path
  if (above === undefined) return [place()]
  return above.includes(place()) ? above : [...above, place()]
}

/** Whether what a task calls is in a shield: of its own, or of an ancestor on whatever domain. */
function isKept(parent: TaskRecord): boolean {
  for (let task: TaskRecord | null = parent; task !== null; task = task.parent)
    if (task.shields > 0 || task.flags & SHIELDED) return true
  return false
}

/** Nothing yet; what is given may cross. */
function cargoWith(give: Resource[]): Cargo {
  return cargoOf('an argument of call', new Map(give.map((one) => [one, one.owner])))
}

function sendCall(called: Called, args: unknown[], give: Resource[], transfer: TransferListItem[], to: number): void {
  const { run, id, path, seed, kept, reference, name } = called
  const prepared = prepareAll([...args, ...give], to, cargoWith(give), transfer)
  begin(CALL)
  putInt(run.id)
  putId(id)
  putInt(path.length)
  for (const at of path) putInt(at)
  putInt(seed)
  putInt(kept ? SHIELDED : 0)
  const number = putFunction(reference, to)
  putText(name.slice(0, 200))
  putInt(give.length)
  put(prepared)
  told(reference, to, number)
  send(to)
  for (const resource of give) {
    bequeathGiven(run, resource, to, id)
    detach(resource)
  }
}

onMessage(CALL, (message) => {
  const run = runs.get(message.int())
  const id = message.id()
  const path = Array.from({ length: message.int() }, () => message.int())
  const seed = message.int()
  const kept = message.int()
  const reference = functionIn(message)
  const name = message.text()
  const gifts = message.int()
  message.arrived.run = run ?? null
  const values = message.values()
  const given = values.splice(values.length - gifts) as Resource[]
  if (run === undefined) return refused(message.arrived, given)
  const task = new TaskRecord(id, run, null, null, seed)
  task.flags = CALLED | kept
  const more = extra(task)
  more.place = message.from
  more.path = path
  more.name = name || reference.name
  if (run.context !== undefined) more.context = inNoContext
  run.roots.add(task)
  run.called.set(id, task)
  for (const resource of given) attach(resource, task)
  const { arrived } = message
  const close = (): void => closeMoved(arrived)
  if (arrived.moved.length > 0) atEnd(task, close)
  const begun = (fn: AnyFunction): void => {
    task.code = () => {
      over(task, close)
      return fn(...values)
    }
    ready(task)
  }
  onceLoaded(arrived, () => {
    const fn = find(reference)
    if (fn !== undefined) return begun(fn)
    load(reference).then(begun, (error) => {
      task.code = () => {
        throw error
      }
      ready(task)
    })
  })
})

/** A call came when its run had ended here: what it was given is finalised, and its descriptors are closed. */
function refused(arrived: Arrived, given: Resource[]): void {
  onceLoaded(arrived, () => {
    for (const resource of given) finaliseFreely(resource)
    closeMoved(arrived)
  })
}
