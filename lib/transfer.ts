import { cargoOf } from './cargo.js'
import { InvalidArgument, NotOwner } from './errors.js'
import { onceLoaded, wrongHandle } from './handle.js'
import { onMessage, TRANSFER, TRANSFERRED } from './mail.js'
import { begin, type Prepared, prepare, put, putId, putInt, send } from './message.js'
import { make, Op, type Operation } from './operation.js'
import { ready } from './ready.js'
import { runs } from './remote.js'
import './resource-clone.js'
import { IDLE } from './suspension.js'
import { attach, detach, finalise, finaliseFreely, Resource } from './resource.js'
import { CALLED, ENDED, nameOf, type TaskRecord } from './task.js'
import { log } from './log.js'

let last = 0

/** Gives a resource to the parent. */
class Transfer extends Op<void> {
  readonly label = 'Ownership.transfer(resource)'
  /** Tells it from an earlier one of its task, that was cancelled and is answered late. */
  readonly number = ++last
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
    let prepared: Prepared
    try {
      prepared = prepare(resource, place, cargoOf('a resource', new Map([[resource, task]]), true))
    } catch (error) {
      this.phase = IDLE
      task.op = null
      throw error
    }
    begin(TRANSFER)
    putInt(task.run.id)
    putId(task.id)
    putId(this.number)
    put(prepared)
    send(place)
    detach(resource)
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
  const id = message.id()
  const number = message.id()
  message.arrived.run = run ?? null
  const resource = message.value() as Resource
  const parent = run?.away.get(id)?.parent
  const { from } = message
  onceLoaded(message.arrived, () => {
    if (parent) hand(resource, parent)
    else if (resource instanceof Resource) finaliseFreely(resource)
    begin(TRANSFERRED)
    putInt(run?.id ?? 0)
    putId(id)
    putId(number)
    send(from)
  })
})

onMessage(TRANSFERRED, (message) => {
  const task = runs.get(message.int())?.called.get(message.id())
  const number = message.id()
  if (task?.op instanceof Transfer && task.op.number === number) ready(task)
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
  if (!(r instanceof Resource))
    throw wrongHandle(r, 'Ownership.transfer takes a Resource, as Ownership.create makes it')
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
