import { finaliseBequests } from './bequest.js'
import { cancelTree } from './cancellation.js'
import { place } from './domain-thread.js'
import type { DomainDied } from './errors.js'
import { forgetFunctions } from './function-table.js'
import { forgetInterrupt } from './interrupt.js'
import { BURIED, GONE, LOST, onMessage } from './mail.js'
import { begin, putInt, send } from './message.js'
import { forgetPort } from './ports.js'
import { endWith, runs } from './remote.js'
import type { RunRecord } from './run-record.js'
import { rootOf, type TaskRecord } from './task.js'
import { transfersLost } from './transfer.js'

/*
 * The death of a domain of a run. Its tasks are over, but tasks that these had called elsewhere are not: they are cancelled,
 * and only when they have unwound, everywhere, do the parents of the dead tasks hear of it. So each of the domains that live
 * cancels the tasks there whose parents were on the dead one, and tells all others once these have unwound. The parents are
 * told when all domains have said so.
 *
 * Nobody waits in a circle: a task that itself has an ancestor on a dead domain unwinds with those, and does not wait for
 * what it had called on a dead domain, that one or another. (What that had called elsewhere is waited for as everything is.)
 * So domains that die at a time are one death: the parents of all their tasks are told when nothing of any of them is left.
 */

/** A domain of a run has died, and what it leaves has not all unwound yet. */
export class Death {
  reason: DomainDied | undefined
  /** The other domains that live. */
  survivors: number[] = []
  /** Which of them have not said yet that nothing is left there. */
  readonly awaited = new Set<number>()
  /** Those that have said so before this domain knew of the death. */
  readonly early = new Set<number>()
  /** Tasks here whose parents were on the dead domain, and that are not over. */
  readonly orphaned = new Set<TaskRecord>()
  /** Whether the others were told that there is none. */
  told = false
}

function deathOf(run: RunRecord, dead: number): Death {
  let death = run.deaths.get(dead)
  if (death === undefined) {
    death = new Death()
    run.deaths.set(dead, death)
  }
  return death
}

/** A domain of a run has died. `living` are the places of all domains of the run that live. */
export function domainDied(run: RunRecord, dead: number, reason: DomainDied, living: readonly number[]): void {
  finaliseBequests(run, dead)
  transfersLost(dead)
  const death = deathOf(run, dead)
  death.reason = reason
  death.survivors = living.filter((at) => at !== place())
  for (const at of death.survivors) if (!death.early.has(at)) death.awaited.add(at)
  for (const task of run.called.values()) {
    if (task.extra!.place !== dead) continue
    task.extra!.place = NOWHERE
    death.orphaned.add(task)
  }
  for (const task of [...death.orphaned]) cancelTree(task, reason)
  for (const task of [...run.away.values()]) {
    const why = reasonOf(run, task.extra!.place)
    if (why !== undefined && hasDeadAncestor(run, task)) endWith(task, 0, why)
  }
  settle(run)
}

/** Why a domain has died, where what it has left is not gone yet. */
function reasonOf(run: RunRecord, at: number): DomainDied | undefined {
  return run.deaths.get(at)?.reason
}

function hasDeadAncestor(run: RunRecord, task: TaskRecord): boolean {
  return rootOf(task).extra?.path?.some((at) => reasonOf(run, at) !== undefined) === true
}

/** Deaths that are looked at when the messages to this thread itself come that say so. */
const notices: (() => void)[] = []

/** As `domainDied`, once everything has been looked at that the dead domain has sent. */
export function domainDiedLast(run: RunRecord, dead: number, reason: DomainDied, living: readonly number[]): void {
  notices.push(() => domainDied(run, dead, reason, living))
  begin(LOST)
  send(place())
}

onMessage(LOST, () => notices.shift()!())

/** The place of a parent that is no more. */
const NOWHERE = -1

/** A task whose parent is, or was, on another domain is over. */
export function rootOver(run: RunRecord, task: TaskRecord): void {
  run.roots.delete(task)
  for (const death of run.deaths.values()) death.orphaned.delete(task)
  if (run.deaths.size > 0) settle(run)
}

/** Goes on where nothing of what the dead domains have left is here any more. */
function settle(run: RunRecord): void {
  const deaths = [...run.deaths].filter(([, death]) => death.reason !== undefined)
  let over = true
  for (const [dead, death] of deaths) {
    if (death.orphaned.size > 0) {
      over = false
      continue
    }
    if (!death.told) {
      death.told = true
      for (const at of death.survivors) sendBuried(at, run.id, dead)
    }
    // A domain that died while it was waited for has nothing to say: what it has left is waited for as well.
    for (const at of death.awaited) if (reasonOf(run, at) === undefined) over = false
  }
  if (!over) return
  for (const [dead] of deaths) run.deaths.delete(dead)
  for (const [dead, { reason }] of deaths)
    for (const task of [...run.away.values()]) if (task.extra!.place === dead) endWith(task, 0, reason)
}

function sendBuried(to: number, run: number, dead: number): void {
  begin(BURIED)
  putInt(run)
  putInt(dead)
  send(to)
}

onMessage(BURIED, (message) => {
  const run = runs.get(message.int())
  const dead = message.int()
  if (run === undefined) return
  const death = deathOf(run, dead)
  death.early.add(message.from)
  death.awaited.delete(message.from)
  settle(run)
})

/** A domain that this thread has started is gone. It is forgotten behind what it has sent. */
export function domainGone(dead: number): void {
  begin(GONE)
  putInt(dead)
  send(place())
}

onMessage(GONE, (message) => forgetDomain(message.int()))

/** Forgets what is known of a domain that is gone. */
export function forgetDomain(dead: number): void {
  forgetPort(dead)
  forgetFunctions(dead)
  forgetInterrupt(dead)
}
