import type { Cargo } from '../cargo.js'
import { rust } from '../domain-thread.js'
import { InvalidArgument } from '../errors.js'
import { registerHandle } from '../handle.js'
import { Identities } from '../identity.js'
import { onDescriptor } from '../resource-clone.js'
import { nameOf } from '../task.js'
import { FileDescr, gone, inUse, opened, resourceOf } from './descriptor.js'
import { closed } from './system-error.js'

/*
 * Descriptors on the move. The descriptor itself travels in the core, with the message; what stands for it in the message
 * says which of those it is, and the identity that it keeps wherever it goes: where it comes back, the same handle works
 * again.
 */

interface Packed {
  /** Which of the descriptors that travel with the message; -1: it went before, by transfer. */
  number: number
  identity: number
}

const identities = new Identities<FileDescr>()

function identify(fd: FileDescr): number {
  if (fd.identity === 0) fd.identity = identities.give(fd)
  return fd.identity
}

/** Throws where a descriptor may not move. */
function refuse(fd: FileDescr, cargo: Cargo): void {
  if (fd.index < 0) throw closed('sending a descriptor to another domain')
  const owner = fd.resource?.owner ?? null
  if (owner !== null && !cargo.given.has(fd.resource)) {
    throw new InvalidArgument(`${nameOf(owner)} owns a descriptor in it: one that is owned crosses by give`)
  }
}

function busy(): InvalidArgument {
  return new InvalidArgument('a task waits on a descriptor in it: one that is in use does not cross')
}

registerHandle(FileDescr, {
  tag: 'descriptor',
  pack(fd, cargo): Packed {
    if (fd.index < 0 && fd.transferred) return { number: -1, identity: fd.identity }
    const already = cargo.descriptors.get(fd)
    if (already !== undefined) return { number: already, identity: fd.identity }
    refuse(fd, cargo)
    if (inUse(fd)) throw busy()
    const number = cargo.descriptors.size
    cargo.descriptors.set(fd, number)
    cargo.run ??= fd.run
    cargo.moving.push({
      depart() {
        refuse(fd, cargo)
        if (inUse(fd) || rust().pack(fd.index, fd.generation) < 0) throw busy()
      },
      left() {
        gone(fd)
        fd.transferred = cargo.transferring
      },
    })
    return { number, identity: identify(fd) }
  },
  unpack(packed, arrived): FileDescr {
    const { number, identity } = packed as Packed
    const before = identities.find(identity)
    if (number < 0 || (before !== undefined && before.index >= 0)) return before ?? new FileDescr(-1, 0, 0, null)
    const { words, run, moved } = arrived
    // It may have been closed on its way, where it rested until its run had ended.
    const [index = -1, generation = 0, kind = 0] = words.slice(number * 3, number * 3 + 3)
    if (before !== undefined) {
      before.index = index
      before.generation = generation
      before.transferred = false
      if (index >= 0) opened(before)
      moved.push(before)
      return before
    }
    const fd = new FileDescr(index, generation, kind, index < 0 ? null : run)
    fd.identity = identity
    identities.remember(fd, identity)
    moved.push(fd)
    return fd
  },
})

onDescriptor((value) => (value instanceof FileDescr ? resourceOf(value) : undefined))
