import { rust } from '../domain-thread.js'
import { NotOwner } from '../errors.js'
import { wrongHandle } from '../handle.js'
import { here } from '../here.js'
import { debugging } from '../log.js'
import { schedule } from '../ready.js'
import { letGo, onLive, Resource } from '../resource.js'
import type { RunRecord } from '../run-record.js'
import { COMPLETED, GENERATION, words } from '../ring.js'
import { noteSite } from '../site.js'
import { nameOf } from '../task.js'
import type { Familiar } from './copy.js'
import { closed, systemError } from './system-error.js'
import type { Write } from './write.js'

/** What a descriptor is, as the core counts it. */
export const STREAM = 0
export const DATAGRAM = 1
export const FILE = 2

/** A socket, pipe or terminal of this domain. It is also `Disposable`: `using fd = Unix.tcpv4()` closes it. */
export class FileDescr implements Disposable {
  /** Tells it from other types, for the compiler only. */
  declare protected readonly type: 'descriptor'
  /** @internal What it is known by on all domains that it has been on; 0 while it never moved. */
  identity = 0
  /** @internal It went to the parent of its task, and may still be returned. */
  transferred = false
  /** @internal The resource that stands for it, where it is owned or has been. */
  resource: Resource<FileDescr> | null = null
  /** @internal The buffer that it was used with last, see copy.ts: none where views were lent alone. */
  familiar: Familiar | null = null
  /** @internal How many operations wait on it, or are over and not yet seen by their tasks. */
  users = 0
  /** @internal Whether a write is under way. */
  writing = false
  /** @internal Writes that wait for it, the oldest first. */
  writes: Write[] | null = null

  /** @internal */
  constructor(
    /** @internal Place in the domain's table; -1 once it is closed or has moved. */
    public index: number,
    /** @internal */
    public generation: number,
    /** @internal */
    readonly kind: number,
    /** @internal The run that it belongs to. */
    readonly run: RunRecord | null,
  ) {
    if (run !== null) opened(this)
    if (debugging()) noteSite(this)
  }

  /** Closes it, unless it is closed already or belongs to another task by now. */
  [Symbol.dispose](): void {
    const owner = this.resource === null ? null : this.resource.owner
    if (this.index >= 0 && (owner === null || owner === here.current)) close(this)
  }
}

/** The descriptors of all runs on this domain, by index: `null` where one was and is no more. */
const descriptors: (FileDescr | null)[] = []

/** A descriptor is here. */
export function opened(fd: FileDescr): void {
  descriptors[fd.index] = fd
}

/** The descriptors of all runs that are open on this domain. */
export function* open(): Generator<FileDescr> {
  for (const fd of descriptors) if (fd) yield fd
}

/** A handle for the descriptor that a call has just made at `index`; throws where it failed. */
export function made(index: number, kind: number, syscall: string): FileDescr {
  if (index < 0) throw systemError(index, syscall)
  return new FileDescr(index, words[GENERATION], kind, here.current?.run ?? null)
}

/** Throws where `fd` is no open descriptor of this domain. */
export function valid(fd: unknown, what: string): asserts fd is FileDescr {
  if (!(fd instanceof FileDescr))
    throw wrongHandle(fd, `${what} takes a descriptor, as Unix.tcpv4() and accept make them`)
  if (fd.index < 0) throw closed(what)
}

onLive((value, what) => {
  if (value instanceof FileDescr && value.index < 0) throw closed(what)
})

/**
 * Closes a descriptor, at once and without waiting. Tasks that wait on it get `ERR_MIOU_CLOSED`. One that the current task
 * owns is disowned too.
 *
 * @throws `Closed` where it is closed already; `NotOwner` where another task owns it.
 * @example
 * const fd = Unix.tcpv4()
 * Unix.close(fd)
 */
export function close(fd: FileDescr): void {
  valid(fd, 'close(fd)')
  disown(fd, 'close(fd)')
  shut(fd)
}

/** Takes a descriptor that is about to be closed or taken over from its owner, who must be the current task. */
export function disown(fd: FileDescr, what: string): void {
  const { resource } = fd
  if (resource === null || resource.owner === null) return
  if (resource.owner !== here.current) {
    throw new NotOwner(`${what}: ${nameOf(resource.owner)} owns the descriptor, and alone may close it`)
  }
  letGo(resource, resource.owner)
}

/** Closes a descriptor that nobody owns. */
export function shut(fd: FileDescr): void {
  const { index, generation } = fd
  gone(fd)
  rust().close(index, generation)
  // Whoever waits on it is told by completions; where no task runs, nothing else has the scheduler look at them.
  if (words[COMPLETED] > 0) schedule()
}

/** Whether a task waits on a descriptor, or has not yet seen how its operation ended. */
export function inUse(fd: FileDescr): boolean {
  return fd.users > 0
}

/** A descriptor is closed, has moved, or was taken over: its handle is dead. */
export function gone(fd: FileDescr): void {
  if (fd.index >= 0 && descriptors[fd.index] === fd) descriptors[fd.index] = null
  fd.index = -1
}

/** The resource that stands for a descriptor: owning it means that its task closes it. */
export function resourceOf(fd: FileDescr): Resource<FileDescr> {
  fd.resource ??= new Resource(fd, finalise)
  return fd.resource
}

/** Closes a descriptor whose owner is over. */
export function finalise(fd: FileDescr): void {
  if (fd.index >= 0) shut(fd)
}
