import { InvalidArgument, NotOwner } from './errors.js'
import { holdOpen, letEnd } from './end.js'
import { onceLoaded, registerHandle } from './handle.js'
import { here } from './here.js'
import { onMessage, TRANSFER, TRANSFERRED } from './mail.js'
import { abandon, begin, putInt, putValue, send, wrapping } from './message.js'
import { make, Op, type Operation } from './operation.js'
import { find, load, type Reference, referenceOf } from './portable.js'
import { ready } from './ready.js'
import { runs } from './remote.js'
import { attach, detach, finalise, Resource } from './resource.js'
import { CALLED, ENDED, nameOf, type TaskRecord } from './task.js'
import { pack, unpack } from './clone.js'
import { log } from './log.js'

/** Gives a resource to the parent. */
class Transfer extends Op<void> {
  readonly label = 'Ownership.transfer(resource)'
  resource: Resource | null = null

  override attempt(): boolean {
    const { parent, flags } = this.task
    if (flags & CALLED) return false
    if (parent === null) throw new InvalidArgument('main has no parent: disown or release the resource instead')
    const resource = this.resource!
    detach(resource)
    hand(resource, parent)
    return true
  }

  wait(): void {
    const { task } = this
    const { place } = task.extra!
    const resource = this.resource!
    const wrap = wrapping(place, 'a resource')
    wrap.given = new Set([resource])
    wrap.transferring = true
    begin(TRANSFER)
    putInt(task.run.id)
    putInt(task.id)
    try {
      putValue(resource, wrap)
    } catch (error) {
      abandon(wrap)
      this.phase = 0
      task.op = null
      throw error
    }
    detach(resource)
    send(place, wrap)
  }

  abort(): void {}

  finish(): void {}
}

/** A task gets a resource; one whose finalisers have run already has it finalised at once. */
function hand(resource: Resource, to: TaskRecord): void {
  if (!(to.flags & ENDED)) return attach(resource, to)
  try {
    finalise(resource, to)
  } catch (error) {
    log(`a finaliser of ${nameOf(to)} threw`, error)
  }
}

onMessage(TRANSFER, (message) => {
  const run = runs.get(message.int())
  const id = message.int()
  message.arrived.run = run ?? null
  const resource = message.value() as Resource
  const parent = run?.away.get(id)?.parent
  const { from } = message
  onceLoaded(message.arrived, () => {
    if (parent) hand(resource, parent)
    else if (resource instanceof Resource) resource.finaliser(resource.value)
    begin(TRANSFERRED)
    putInt(run?.id ?? 0)
    putInt(id)
    send(from)
  })
})

onMessage(TRANSFERRED, (message) => {
  const task = runs.get(message.int())?.called.get(message.int())
  if (task?.op instanceof Transfer) ready(task)
})

/**
 * Gives a resource to the parent of the current task, which owns it from then on. A descriptor may still be returned: it
 * arrives as the parent's.
 *
 * @throws `NotOwner`; `InvalidArgument` from main, which has no parent, or where it can't cross to the parent's domain.
 * @example
 * const client = yield* accept(listener)
 * yield* Ownership.transfer(Unix.Ownership.resource(client))
 */
export function transfer(r: Resource): Operation<void> {
  if (!(r instanceof Resource)) throw new InvalidArgument('Ownership.transfer takes a Resource, as Ownership.create makes it')
  const op = new Transfer()
  make(op)
  const { task } = op
  if (task.parent === null && !(task.flags & CALLED)) {
    task.made = null
    throw new InvalidArgument('main has no parent: disown or release the resource instead')
  }
  if (r.owner !== task) {
    task.made = null
    throw new NotOwner(`${nameOf(task)} does not own the resource that it wants to transfer`)
  }
  op.resource = r
  return op
}

interface PackedResource {
  value: unknown
  /** Null for a descriptor, whose finaliser is known everywhere. */
  finaliser: Reference | null
}

/** What makes the resource of a descriptor: sockets are another room's business. */
let ofDescriptor: (value: unknown) => Resource | undefined = () => undefined

/** Says how a value that has a resource of its own is recognised. */
export function onDescriptor(resource: (value: unknown) => Resource | undefined): void {
  ofDescriptor = resource
}

registerHandle<Resource>(Resource as new (...args: never[]) => Resource, {
  tag: 'resource',
  pack(resource, cargo): PackedResource {
    if (resource.owner !== null && !cargo.given.has(resource)) {
      throw new InvalidArgument(`${nameOf(resource.owner)} owns a resource in it: one that is owned crosses by give`)
    }
    if (ofDescriptor(resource.value) === resource) return { value: pack(resource.value, cargo), finaliser: null }
    const finaliser = referenceOf(resource.finaliser)
    if (finaliser === undefined) {
      throw new InvalidArgument('a resource can only cross to another domain where its finaliser is portable')
    }
    return { value: pack(resource.value, cargo, 'the value of a resource'), finaliser }
  },
  unpack(packed, arrived): Resource {
    const { value: inner, finaliser } = packed as PackedResource
    const value = unpack(inner, arrived)
    if (finaliser === null) return ofDescriptor(value)!
    if (find(finaliser) === undefined) arrived.loading.push(load(finaliser))
    return new Resource(value, (it) => {
      const fn = find(finaliser)
      if (fn !== undefined) return void fn(it)
      // Its owner was cancelled before it began: the task is not over before its finaliser has run.
      const owner = here.current
      if (owner !== null) holdOpen(owner)
      load(finaliser)
        .then((loaded) => loaded(it))
        .catch((error) => log('a finaliser threw, or could not be loaded', error))
        .finally(() => owner !== null && letEnd(owner))
    })
  },
})
