import { pack, unpack } from './clone.js'
import { holdOpen, letEnd } from './end.js'
import { InvalidArgument } from './errors.js'
import { type Arrived, registerHandle } from './handle.js'
import { here } from './here.js'
import { Identities } from './identity.js'
import { log } from './log.js'
import { find, load, type Reference, referenceOf, standsFor } from './portable.js'
import { Resource } from './resource.js'
import { noteSite, siteOf } from './site.js'
import { nameOf } from './task.js'

/*
 * Resources on the move. One is on one domain at a time, as what it stands for is: where it left, its handle is dead, and
 * where it comes back, the same handle works again. It keeps its identity wherever it goes.
 */

interface PackedResource {
  value: unknown
  /** Null for a descriptor, whose finaliser is known everywhere. */
  finaliser: Reference | null
  identity: number
  /** Where it was made, with MIOU_DEBUG. */
  site?: string | undefined
}

/** In place of a resource that went before, by transfer, and is returned now. */
interface Before {
  identity: number
}

const identities = new Identities<Resource>()

/** The identity of a resource, which it has from now on. */
export function identify(resource: Resource): number {
  if (resource.identity === 0) resource.identity = identities.give(resource)
  return resource.identity
}

/** The resource of a descriptor: `lib/unix` says which it is, on which nothing here depends. */
let ofDescriptor: (value: unknown) => Resource | undefined = () => undefined

/** Says how a value that has a resource of its own is recognised. */
export function onDescriptor(resource: (value: unknown) => Resource | undefined): void {
  ofDescriptor = resource
}

registerHandle<Resource>(Resource as new (...args: never[]) => Resource, {
  tag: 'resource',
  pack(resource, cargo): PackedResource | Before {
    if (resource.owner !== null && !cargo.given.has(resource)) {
      throw new InvalidArgument(`${nameOf(resource.owner)} owns a resource in it: one that is owned crosses by give`)
    }
    if (ofDescriptor(resource.value) === resource) {
      return { value: pack(resource.value, cargo).value, finaliser: null, identity: 0 }
    }
    if (resource.moved !== '') {
      if (resource.moved === 'transferred') return { identity: resource.identity }
      throw new InvalidArgument('a resource in it went to another domain before: it is used there')
    }
    const finaliser = referenceOf(resource.finaliser)
    if (finaliser === undefined) {
      throw new InvalidArgument('a resource can only cross to another domain where its finaliser is portable')
    }
    const { value } = pack(resource.value, cargo, 'the value of a resource')
    const owner = cargo.given.get(resource) ?? resource.owner
    cargo.moving.push({
      depart() {
        if (resource.owner !== owner || resource.moved !== '') {
          throw new InvalidArgument('a resource in it passed to somebody else, or was let go of, while it was packed')
        }
      },
      left() {
        resource.moved = cargo.transferring ? 'transferred' : 'gone'
      },
    })
    return { value, finaliser, identity: identify(resource), site: siteOf(resource) }
  },
  unpack(packed, arrived): Resource {
    const { value: inner, finaliser, identity, site } = packed as PackedResource
    const before = identities.find(identity)
    if (finaliser === undefined) return before ?? nowhere()
    const value = unpack(inner, arrived)
    if (finaliser === null) return ofDescriptor(value)!
    if (before !== undefined) {
      before.moved = ''
      ;(before as { value: unknown }).value = value
      return before
    }
    const resource = new Resource(value, finaliserOf(finaliser, arrived))
    resource.portable = true
    if (site !== undefined) noteSite(resource, site)
    resource.identity = identity
    identities.remember(resource, identity)
    return resource
  },
})

/** It was transferred, and finalised before its handle arrived. */
function nowhere(): Resource {
  const resource = new Resource<unknown>(undefined, () => {})
  resource.moved = 'gone'
  return resource
}

/** The finaliser that a reference names. Its module is loaded where that is not here yet. */
export function finaliserOf(reference: Reference, arrived: Arrived): (value: unknown) => void {
  const fn = find(reference)
  if (fn !== undefined) return fn
  arrived.loading.push(load(reference))
  return standsFor(reference, (value: unknown) => {
    const loaded = find(reference)
    if (loaded !== undefined) return void loaded(value)
    // Its owner was cancelled before it began: the task is not over before its finaliser has run.
    const owner = here.current
    if (owner !== null) holdOpen(owner)
    load(reference)
      .then((finaliser) => finaliser(value))
      .catch((error) => log('a finaliser threw, or could not be loaded', error))
      .finally(() => owner !== null && letEnd(owner))
  })
}
