import type { RunRecord } from './run-record.js'

/** What a message carries beside its bytes. */
export interface Cargo {
  /** How many descriptors were packed in the core to move with it. */
  packed: number
  /** Whether objects were shared in the core, to be kept alive by it. */
  shared: boolean
  /** Which of them each handle stands for. */
  numbers: Map<object, number>
  /** The message hands them to the parent of the task that sends it: their handles may still be returned. */
  transferring: boolean
  /** What is done with their handles once the message is sent and nothing can fail any more. */
  leave: (() => void)[]
  /** Resources that the message gives away: what they stand for may cross. */
  given: ReadonlySet<unknown>
}

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
  /** Modules that it needs and that are being loaded: finalisers are plain functions, and can't wait for theirs. */
  loading: Promise<unknown>[]
}

/** Goes on once all is here that a message needs: at once, as a rule. */
export function onceLoaded({ loading }: Arrived, go: () => void): void {
  if (loading.length === 0) go()
  else void Promise.allSettled(loading).then(go)
}

// biome-ignore lint/suspicious/noExplicitAny: kinds of all handles are kept together
const kinds = new Map<unknown, HandleKind<any>>()
// biome-ignore lint/suspicious/noExplicitAny: as above
const tags = new Map<string, HandleKind<any>>()

/** Lets objects of a class cross. */
export function registerHandle<H extends object>(of: abstract new (...args: never[]) => H, kind: HandleKind<H>): void {
  kinds.set(of, kind)
  tags.set(kind.tag, kind)
}

/** The kind of a value, if it is a handle. */
export function kindOf(value: object): HandleKind<object> | undefined {
  return kinds.get(value.constructor)
}

/** The kind of a tag. */
export function kindNamed(tag: string): HandleKind<object> | undefined {
  return tags.get(tag)
}
