import { cargoOf } from './cargo.js'
import { pack } from './clone.js'
import { rust } from './domain-thread.js'
import { log } from './log.js'
import { BEQUEST, onMessage, REVOKED } from './mail.js'
import { begin, put, putId, putInt, send } from './message.js'
import { prepare } from './prepared.js'
import { type Reference, referenceOf } from './portable.js'
import { runs } from './remote.js'
import { finaliserOf, identify } from './resource-clone.js'
import { finalise, onPortable, Resource } from './resource.js'
import * as ring from './ring.js'
import type { RunRecord } from './run-record.js'
import { CALLED, nameOf, rootOf, type TaskRecord } from './task.js'

/*
 * What becomes of the resources of a domain that dies: those with a portable finaliser and a value that crosses are finalised
 * on the domain of the parent of the task that was called there. It is told of each when it is taken and when it is let go,
 * at once: the next thing that happens may be the death.
 */

/** A resource of a task elsewhere, on the domain of the parent of that task's root. */
export interface Bequest {
  /** The place of the domain that has it. */
  from: number
  /** The id of the root. */
  root: number
  resource: Resource
}

interface Sent {
  identity: number
  value: unknown
  finaliser: Reference
}

onPortable(bequeath, revoke)

function bequeath(resource: Resource, task: TaskRecord): void {
  const finaliser = referenceOf(resource.finaliser)
  const root = rootOf(task)
  if (finaliser === undefined || !(root.flags & CALLED)) return
  const { place } = root.extra!
  if (place < 0 || !mayBeLeft(resource.value)) return
  resource.heir = place
  const bequest: Sent = { identity: identify(resource), value: resource.value, finaliser }
  const prepared = prepare(bequest, place, cargoOf('a resource'))
  begin(BEQUEST)
  putInt(task.run.id)
  putId(root.id)
  put(prepared)
  send(place)
  post()
}

/** Whether a value crosses and may be on two domains: a descriptor, or another resource, is on one. */
export function mayBeLeft(value: unknown): boolean {
  const cargo = cargoOf('a resource')
  try {
    structuredClone(pack(value, cargo).value)
    return cargo.moving.length === 0
  } catch {
    return false
  }
}

function revoke(resource: Resource, task: TaskRecord): void {
  const { heir } = resource
  if (heir === 0) return
  resource.heir = 0
  const prepared = prepare(resource.identity, heir, cargoOf('a resource'))
  begin(REVOKED)
  putInt(task.run.id)
  put(prepared)
  send(heir)
  post()
}

/** Sends what was submitted, now. */
function post(): void {
  rust().drain()
  ring.drained()
}

onMessage(BEQUEST, (message) => {
  const run = runs.get(message.int())
  const root = message.id()
  message.arrived.run = run ?? null
  const { identity, value, finaliser } = message.value() as Sent
  const resource = new Resource(value, finaliserOf(finaliser, message.arrived))
  run?.bequests.set(identity, { from: message.from, root, resource })
})

onMessage(REVOKED, (message) => {
  const run = runs.get(message.int())
  run?.bequests.delete(message.value() as number)
})

/** A resource leaves with a call, before its new owner can say that it has it. */
export function bequeathGiven(run: RunRecord, resource: Resource, from: number, root: number): void {
  // What can't be left is not told as let go of either.
  if (!resource.portable || !mayBeLeft(resource.value)) return
  run.bequests.set(resource.identity, { from, root, resource: new Resource(resource.value, resource.finaliser) })
}

/** A domain has died: what its tasks owned is finalised here, as far as it was left to their parents. */
export function finaliseBequests(run: RunRecord, dead: number): void {
  for (const [identity, { from, root, resource }] of run.bequests) {
    if (from !== dead) continue
    run.bequests.delete(identity)
    const parent = run.away.get(root)?.parent
    if (!parent) continue
    try {
      finalise(resource, parent)
    } catch (error) {
      log(`a finaliser of ${nameOf(parent)} threw`, error)
    }
  }
}
