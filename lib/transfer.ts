import { InvalidArgument, NotOwner } from './errors.js'
import { onceLoaded } from './handle.js'
import { onMessage, TRANSFER, TRANSFERRED } from './mail.js'
import { abandon, begin, putInt, putValue, send, wrapping } from './message.js'
import { make, Op, type Operation } from './operation.js'
import { ready } from './ready.js'
import { runs } from './remote.js'
import './resource-clone.js'
import { attach, detach, finalise, Resource } from './resource.js'
import { CALLED, ENDED, nameOf, type TaskRecord } from './task.js'
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
    send(place, wrap)
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
  if (!(r instanceof Resource))
    throw new InvalidArgument('Ownership.transfer takes a Resource, as Ownership.create makes it')
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
