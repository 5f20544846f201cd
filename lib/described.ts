import { types } from 'node:util'
import { debugging } from './log.js'
import type { Mutex } from './mutex.js'
import { Compound, Op } from './operation.js'
import type { Resource } from './resource.js'
import { shown } from './shown.js'
import { siteOf } from './site.js'
import { nameOf, type TaskRecord } from './task.js'

/* What an error says of a task that breaks a rule: which task it is, and what it should not have. */

/** A task and its domain. */
export function taskAt(task: TaskRecord): string {
  return `${nameOf(task)} on domain ${task.domain}`
}

/** The resources that a task owns: five of them, and how many more there are. */
export function resourcesOf(task: TaskRecord): string {
  const values: string[] = []
  let count = 0
  for (let r: Resource | null = task.resources; r !== null; r = r.older) {
    count++
    // That of a descriptor is noted where the descriptor is made.
    const created = siteOf(r) ?? siteOf(r.value)
    if (values.length < 5) values.push(describe(r.value) + (created === undefined ? '' : `, created at ${created}`))
  }
  return listed(values, count)
}

/** The children of a task that were neither awaited nor cancelled, likewise. */
export function childrenOf(task: TaskRecord): string {
  const names: string[] = []
  let count = 0
  for (let child = task.children; child !== null; child = child.older) {
    count++
    const created = debugging() ? child.extra?.created : undefined
    if (names.length < 5) names.push(created ? `${nameOf(child)}, created at ${created}` : nameOf(child))
  }
  return listed(names, count)
}

/** The mutexes that a task holds, likewise. */
export function mutexesIn(held: readonly Mutex[]): string {
  const names = held.slice(0, 5).map((mutex) => {
    const locked = siteOf(mutex)
    const name = mutex.name === undefined ? 'a mutex without a name' : `the mutex ${shown(mutex.name)}`
    return locked === undefined ? name : `${name}, locked at ${locked}`
  })
  return held.length === 1 ? names[0]! : `${held.length} mutexes (${listed(names, held.length)})`
}

function listed(names: string[], count: number): string {
  return count > names.length ? `${names.join(', ')} and ${count - names.length} more` : names.join(', ')
}

function describe(value: unknown): string {
  if (typeof value !== 'object' || value === null) return shown(value)
  try {
    if (types.isGeneratorObject(value)) return 'a generator'
    const name = value.constructor?.name || 'Object'
    return name === 'Object' ? 'an object' : `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}`
  } catch {
    // It is a proxy, say, whose own code throws.
    return 'a value'
  }
}

/** What was yielded, and what to write instead. */
export function foreign(value: unknown): string {
  if (types.isProxy(value)) return 'a proxy, which is no operation'
  if (value instanceof Op || value instanceof Compound)
    return `the operation of ${value.label}: write yield* ${value.label}`
  if (value instanceof Promise) return 'a promise, which is no operation: write yield* until(...)'
  const iterable = typeof value === 'object' && value !== null && Symbol.iterator in value
  return `${describe(value)}, which is no operation${iterable ? ': write yield* instead of yield' : ''}`
}
