import { rust } from '../domain-thread.js'
import { InvalidArgument } from '../errors.js'
import { here } from '../here.js'
import { Resource } from '../resource.js'
import type { RunRecord } from '../run-record.js'
import { GENERATION, words } from '../ring.js'
import type { Read } from './read.js'
import { closed, systemError } from './system-error.js'
import type { Write } from './write.js'

/** What a descriptor is, as the core counts it. */
export const STREAM = 0
export const DATAGRAM = 1
export const FILE = 2

/** A socket, pipe or terminal of this domain. It is also `Disposable`: `using fd = Unix.tcpv4()` closes it. */
export class FileDescr implements Disposable {
  /** @internal The resource that stands for it, where it is owned or has been. */
  resource: Resource<FileDescr> | null = null
  /** @internal Its read operation, while nobody uses it. */
  reader: Read | null = null
  /** @internal Its write operation, while nobody uses it. */
  writer: Write | null = null
  /** @internal The buffer that it was used with last, and a view of that, see copy.ts. */
  buffer: Uint8Array | null = null
  /** @internal */
  view: DataView | null = null
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
    if (run !== null) open.add(this)
  }

  [Symbol.dispose](): void {
    if (this.index >= 0) close(this)
  }
}

/** The descriptors of all runs that are open on this domain. */
export const open = new Set<FileDescr>()

/** A handle for the descriptor that a call has just made at `index`; throws where it failed. */
export function made(index: number, kind: number, syscall: string): FileDescr {
  if (index < 0) throw systemError(index, syscall)
  return new FileDescr(index, words[GENERATION], kind, here.current?.run ?? null)
}

/** Throws where `fd` is no open descriptor of this domain. */
export function valid(fd: unknown, what: string): asserts fd is FileDescr {
  if (!(fd instanceof FileDescr)) throw new InvalidArgument(`${what} takes a descriptor, as Unix.tcpv4() and accept make them`)
  if (fd.index < 0) throw closed(what)
}

/** Closes a descriptor. Whoever waits on it gets `ERR_MIOU_CLOSED`. */
export function close(fd: FileDescr): void {
  valid(fd, 'close(fd)')
  const { index, generation } = fd
  fd.index = -1
  open.delete(fd)
  rust().close(index, generation)
}

/** The resource that stands for a descriptor: owning it means that its task closes it. */
export function resourceOf(fd: FileDescr): Resource<FileDescr> {
  fd.resource ??= new Resource(fd, finalise)
  return fd.resource
}

function finalise(fd: FileDescr): void {
  if (fd.index >= 0) close(fd)
}
