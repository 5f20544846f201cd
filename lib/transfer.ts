import { mayBeLeft } from './bequest.js'
import { cargoOf } from './cargo.js'
import { InvalidArgument } from './errors.js'
import { onceLoaded, wrongHandle } from './handle.js'
import { onMessage, TRANSFER, TRANSFERRED } from './mail.js'
import { begin, put, putId, putInt, send } from './message.js'
import { type Prepared, prepare } from './prepared.js'
import { make, Op, type Operation } from './operation.js'
import { ready } from './ready.js'
import { runs } from './remote.js'
import './resource-clone.js'
import { WAITING } from './suspension.js'
import { attach, detach, finaliseAll, finaliseFreely, notOwner, Resource } from './resource.js'
import { CALLED, ENDED, nameOf, type TaskRecord } from './task.js'

let last = 0
/** Those that went to another domain, which has not said yet that it has them, by number. */
const underWay = new Map<number, Transfer>()

/** Gives a resource to the parent. */
class Transfer extends Op<void> {
  readonly label = 'Ownership.transfer(resource)'
  /** Tells it from an earlier one of its task, that was cancelled and is answered late. */
  readonly number = ++last
  resource: Resource | null = null
  /** The place of the domain that it goes to. */
  place = 0

  override attempt(): boolean {
    const { parent } = this.task
    // It is on another domain.
    if (parent === null) return false
    const resource = this.resource!
    detach(resource)
    hand(resource, parent)
    return true
  }

  wait(): void {
    const { task } = this
    const { place } = task.extra!
    const resource = this.resource!
    let prepared: Prepared
    try {
      prepared = prepare(resource, place, cargoOf('a resource', new Map([[resource, task]]), true))
    } catch (error) {
      this.unwait()
      throw error
    }
    begin(TRANSFER)
    putInt(task.run.id)
    putId(task.id)
    putId(this.number)
    put(prepared)
    send(place)
    this.place = place
    underWay.set(this.number, this)
    detach(resource)
  }

  /** Nobody has to wait for it any more. */
  answered(): void {
    underWay.delete(this.number)
    if (this.phase === WAITING) ready(this.task)
  }

  abort(): void {}

  finish(): void {}
}

/** A task gets a resource; one whose finalisers have run already has it finalised at once. */
function hand(resource: Resource, to: TaskRecord): void {
  attach(resource, to)
  if (to.flags & ENDED) finaliseAll(to)
}

onMessage(TRANSFER, (message) => {
  const run = runs.get(message.int())
  const id = message.id()
  const number = message.id()
  message.arrived.run = run ?? null
  const resource = message.value() as Resource
  const parent = run?.away.get(id)?.parent
  const { from } = message
  onceLoaded(message.arrived, () => {
    // First: it leaves with the word to whom the resource is left now, or before. Should this domain die, both are known or none.
    begin(TRANSFERRED)
    putId(number)
    send(from)
    if (parent) hand(resource, parent)
    else if (resource instanceof Resource) finaliseFreely(resource)
  })
})

onMessage(TRANSFERRED, (message) => underWay.get(message.id())?.answered())

/** The domain at `place` has died: what was on its way there is finalised here, and nobody waits for its answer. */
export function transfersLost(place: number): void {
  for (const op of underWay.values()) {
    if (op.place !== place) continue
    const resource = op.resource!
    // A descriptor was closed with the domain, or with the message.
    if (resource.portable && mayBeLeft(resource.value)) finaliseFreely(resource)
    op.answered()
  }
}

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
  if (!(r instanceof Resource))
    throw wrongHandle(r, 'Ownership.transfer takes a Resource, as Ownership.create makes it')
  const op = new Transfer()
  make(op)
  const { task } = op
  if (task.parent === null && !(task.flags & CALLED)) {
    task.made = null
    throw new InvalidArgument(`${nameOf(task)} has no parent: disown or release the resource instead`)
  }
  if (r.owner !== task) {
    task.made = null
    throw notOwner(r, task)
  }
  op.resource = r
  return op
}
