import { rust, place } from '../domain-thread.js'
import { InvalidArgument } from '../errors.js'
import { registerHandle } from '../handle.js'
import { onDescriptor } from '../resource-clone.js'
import { nameOf } from '../task.js'
import { FileDescr, open, resourceOf } from './descriptor.js'
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

let last = 0
/** Handles of descriptors that were here, by identity. */
const known = new Map<number, WeakRef<FileDescr>>()
const gone = new FinalizationRegistry<number>((identity) => known.delete(identity))

function identify(fd: FileDescr): number {
  if (fd.identity === 0) {
    fd.identity = place() * 2 ** 32 + ++last
    remember(fd)
  }
  return fd.identity
}

function remember(fd: FileDescr): void {
  known.set(fd.identity, new WeakRef(fd))
  gone.register(fd, fd.identity)
}

registerHandle(FileDescr, {
  tag: 'descriptor',
  pack(fd, cargo): Packed {
    if (fd.index < 0) {
      if (fd.transferred) return { number: -1, identity: fd.identity }
      throw closed('sending a descriptor to another domain')
    }
    const already = cargo.numbers.get(fd)
    if (already !== undefined) return { number: already, identity: fd.identity }
    const owner = fd.resource?.owner ?? null
    if (owner !== null && !cargo.given.has(fd.resource)) {
      throw new InvalidArgument(`${nameOf(owner)} owns a descriptor in it: one that is owned crosses by give`)
    }
    // Between two pieces of a large write nobody waits in the core.
    const busy = fd.writing || rust().pack(fd.index, fd.generation) < 0
    if (busy) throw new InvalidArgument('a task waits on a descriptor in it: one that is in use does not cross')
    const number = cargo.packed++
    cargo.numbers.set(fd, number)
    cargo.leave.push(() => {
      fd.index = -1
      fd.transferred = cargo.transferring
      open.delete(fd)
    })
    return { number, identity: identify(fd) }
  },
  unpack(packed, { words, run }): FileDescr {
    const { number, identity } = packed as Packed
    const before = known.get(identity)?.deref()
    if (number < 0 || (before !== undefined && before.index >= 0)) return before ?? new FileDescr(-1, 0, 0, null)
    const index = words[number * 3]!
    const generation = words[number * 3 + 1]!
    if (before !== undefined) {
      before.index = index
      before.generation = generation
      before.transferred = false
      open.add(before)
      return before
    }
    const fd = new FileDescr(index, generation, words[number * 3 + 2]!, run)
    fd.identity = identity
    remember(fd)
    return fd
  },
})

onDescriptor((value) => (value instanceof FileDescr ? resourceOf(value) : undefined))
