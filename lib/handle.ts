import { InvalidArgument } from './errors.js'
import type { Cargo } from './cargo.js'
import type { RunRecord } from './run-record.js'

/** A kind of object that crosses between domains as a handle. */
export interface HandleKind<H> {
  /** Distinguishes the kinds in a message. */
  readonly tag: string
  /** What crosses in its place, out of what structured clone takes; throws `InvalidArgument` where it may not cross. */
  pack(handle: H, cargo: Cargo): unknown
  /** The handle on the other side. */
  unpack(packed: unknown, arrived: Arrived): H
}

/** What came with a message. */
export interface Arrived {
  /** Place, generation and kind of the descriptors, three words each. */
  words: number[]
  /** The run that it belongs to. */
  run: RunRecord | null
  /** Handles of what moved with it: whoever can't deliver it closes them. */
  moved: Disposable[]
  /** Modules that it needs and that are being loaded: finalisers are plain functions, and can't wait for theirs. */
  loading: Promise<unknown>[]
}

/** Goes on once all is here that a message needs: at once, as a rule. */
export function onceLoaded({ loading }: Arrived, go: () => void): void {
  if (loading.length === 0) go()
  else void Promise.allSettled(loading).then(go)
}

/** Nobody gets the message: closes the descriptors that came with it and that nobody owns. */
export function closeMoved({ moved }: Arrived): void {
  for (const one of moved) one[Symbol.dispose]()
}

// biome-ignore lint/suspicious/noExplicitAny: kinds of all handles are kept together
const kinds = new Map<unknown, HandleKind<any>>()
// biome-ignore lint/suspicious/noExplicitAny: as above
const tags = new Map<string, HandleKind<any>>()

/** What all copies of the package know handles by, their own and those of others. */
const HANDLE = Symbol.for('miou.handle.1')
const marked = new Set<unknown>()

/** Objects of a class are known for handles by other copies of the package. */
export function markHandle(of: abstract new (...args: never[]) => object): void {
  Object.defineProperty(of.prototype, HANDLE, { value: of })
  marked.add(of)
}

/** Whether a value is a handle that another copy of the package in this process has made. */
export function ofAnotherCopy(value: unknown): boolean {
  return typeof value === 'object' && value !== null && HANDLE in value && !marked.has(value[HANDLE])
}

/** The error for what is not the handle that it should be. */
export function wrongHandle(value: unknown, message: string): InvalidArgument {
  return new InvalidArgument(ofAnotherCopy(value) ? `${message}; this one is of another copy of miou` : message)
}

/** Lets objects of a class cross. */
export function registerHandle<H extends object>(of: abstract new (...args: never[]) => H, kind: HandleKind<H>): void {
  markHandle(of)
  kinds.set(of, kind)
  tags.set(kind.tag, kind)
}

/** Refuses objects of a class wherever they would cross; `why` ends the sentence. */
export function staysAtHome(of: abstract new (...args: never[]) => object, name: string, why: string): void {
  registerHandle(of, {
    tag: name,
    pack() {
      throw new InvalidArgument(`a ${name} in it can't cross: ${why}`)
    },
    unpack: () => undefined as never,
  })
}

/** The kind of a value, if it is a handle. */
export function kindOf(value: object): HandleKind<object> | undefined {
  return kinds.get(value.constructor)
}

/** The kind of a tag. */
export function kindNamed(tag: string): HandleKind<object> | undefined {
  return tags.get(tag)
}
