import { InvalidArgument, NoDomainAvailable } from './errors.js'
import { here } from './here.js'
import { choose } from './random.js'
import type { RunRecord } from './run-record.js'
import type { TaskRecord } from './task.js'
import { shown } from './shown.js'

/** The number of this thread outside of runs: 0, or its place where it is a domain of a pool. */
let own = 0

/** This thread is a domain of a pool, at `place`. */
export function becomeDomain(place: number): void {
  own = place
}

/**
 * The place of the domain that a run knows by a number: 0 is the one that called `run`, the others are known by their places.
 * Undefined where there is none.
 */
function placeOf(run: RunRecord, domain: number): number | undefined {
  if (domain === 0) return run.places[0]
  return run.places.indexOf(domain, 1) > 0 ? domain : undefined
}

/** Places that a task may call: every domain of the run but the first and its own. */
export function eligible(run: RunRecord): number[] {
  return run.places.filter((place, index) => index > 0 && place !== run.domain)
}

/** The place that `pin` names; throws where it may not be called. */
export function pinned(task: TaskRecord, pin: number): number {
  const { run } = task
  if (pin === 0) throw new InvalidArgument('pin: domain 0 is never called: spawn on it with async')
  if (pin === run.domain) throw new InvalidArgument(`pin: ${pin} is the caller's own domain: use async`)
  const place = Number.isInteger(pin) ? placeOf(run, pin) : undefined
  if (place === undefined)
    throw new InvalidArgument(`pin: there is no domain ${shown(pin)} in this run: see Domain.all()`)
  return place
}

/** Stands for the place of a domain that is on its way, in place of one that died. */
export const EXPECTED = -1

/** Places that a task may call, or the one that is on its way; throws where there is none. */
export function callable(task: TaskRecord): number[] {
  const places = eligible(task.run)
  if (places.length > 0) return places
  if (task.run.expected > 0) return [EXPECTED]
  throw new NoDomainAvailable('there is no other domain to call: give run more of them (domains: 2)')
}

/** A place by chance, as the seed has it. */
export function anyPlace(task: TaskRecord): number {
  const places = callable(task)
  return places[choose(task, places.length)]!
}

/**
 * The number of the current domain; 0 is the one that called `run`.
 *
 * @example
 * Miou.print('domain', Domain.self(), 'has a client')
 */
export function self(): number {
  return here.current?.run.domain ?? own
}

/**
 * How many domains `call` may choose from here.
 *
 * @example
 * if (Domain.available() > 0) yield* Miou.call(work, [])
 */
export function available(): number {
  return here.current === null ? 0 : eligible(here.current.run).length
}

/**
 * The numbers of all domains of the run, 0 first.
 *
 * @example
 * const others = Domain.all().filter((domain) => domain !== Domain.self())
 */
export function all(): number[] {
  const { current } = here
  return current === null ? [own] : [0, ...current.run.places.slice(1)]
}
