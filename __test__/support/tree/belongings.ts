import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { here } from '../../../dist/here.js'
import { disowned, finalised, type Noted, type Shared, took } from './ledger.js'
import type { Steps } from './noted.js'

/*
 * What the tasks of a random tree own.
 */

type Belonging = Miou.Resource<Noted | Unix.FileDescr>

/** The resource that the current task took last. */
export function newest(): Belonging | null {
  return here.current!.resources as Belonging | null
}

/** The current task owns one resource more. */
export function own(shared: Shared): void {
  const { words } = shared
  const index = took(shared)
  Miou.Ownership.own(Miou.Ownership.create({ words, index }, finalised))
}

/** The current task lets go of its newest resource, in one of three ways. */
export function* letGo(shared: Shared, how: 'release' | 'disown' | 'transfer'): Steps<void> {
  const resource = newest()
  if (resource === null) return
  if (how === 'release') Miou.Ownership.release(resource)
  else if (how === 'disown') disown(shared, resource)
  else if (Miou.self().id !== 1) yield* Miou.Ownership.transfer(resource)
}

/** A descriptor that nobody owns would be left open. */
function disown(shared: Shared, resource: Belonging): void {
  const { value } = resource
  if (!('words' in value)) return Unix.close(value)
  Miou.Ownership.disown(resource)
  disowned(shared, value.index)
}

/** The current task lets go of everything, also of what its children have transferred to it. */
export function releaseAll(): void {
  for (let resource = newest(); resource !== null; resource = newest()) Miou.Ownership.release(resource)
}
