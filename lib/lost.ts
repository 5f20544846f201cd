import { forgetFunctions } from './call.js'
import { cancelTree } from './cancellation.js'
import type { DomainDied } from './errors.js'
import { forgetInterrupt } from './interrupt.js'
import { forget } from './message.js'
import { endWith } from './remote.js'
import type { RunRecord } from './run-record.js'

/** The domain at `place` is gone: what was known of it is forgotten. */
export function gone(place: number): void {
  forget(place)
  forgetFunctions(place)
  forgetInterrupt(place)
}

/**
 * A domain of a run has died: children that ran there are over, with `DomainDied`; tasks here whose parents were there have
 * nobody to await them and are cancelled.
 */
export function domainDied(run: RunRecord, place: number, reason: DomainDied): void {
  gone(place)
  for (const task of [...run.away.values()]) if (task.extra!.place === place) endWith(task, 0, reason)
  for (const task of [...run.called.values()]) {
    if (task.extra!.place !== place) continue
    task.extra!.place = -1
    cancelTree(task, reason)
  }
}
