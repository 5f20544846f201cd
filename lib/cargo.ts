import { rust } from './domain-thread.js'
import { InvalidArgument } from './errors.js'
import { native } from './native.js'
import type { RunRecord } from './run-record.js'
import type { TaskRecord } from './task.js'

/** Most descriptors that move at once, as crates/core/src/domain/mail.rs says. */
const DESCRIPTORS = 4096

/**
 * What goes with a value beside its bytes. It is gathered while the value is packed, which runs code of the user's (getters)
 * that may send and pack other values: nothing has happened to it before `depart`.
 */
export interface Cargo {
  /** What errors call the value. */
  readonly what: string
  /** Words of the objects that it names and keeps alive. */
  readonly objects: number[]
  /** What moves with it. */
  readonly moving: Moving[]
  /** Which of its descriptors each handle stands for. */
  readonly descriptors: Map<object, number>
  /** The value goes to the parent of the task that sends it: handles of what moves may still be returned. */
  readonly transferring: boolean
  /** The run that its descriptors belong to. */
  run: RunRecord | null
  /** How deep in the value is what is being packed: what a handle stands for may be packed by itself. */
  depth: number
  /** Resources that are given away, with their owners: what they stand for may cross. */
  readonly given: Given
}

type Given = ReadonlyMap<unknown, TaskRecord | null>

/** Something that is on one domain at a time. */
export interface Moving {
  /** Leaves in the core, where that is what it is in. Throws where it may not move, or not any more. */
  depart(): void
  /** It has left, and nothing can fail any more: its handle here is dead. */
  left(): void
}

/** Nothing yet. */
export function cargoOf(what: string, given: Given = NOTHING, transferring = false): Cargo {
  return { what, objects: [], moving: [], descriptors: new Map(), transferring, run: null, depth: 0, given }
}

const NOTHING: Given = new Map()

/** Throws where there is more of it than can move at once. */
export function limit({ descriptors, what }: Cargo): void {
  if (descriptors.size <= DESCRIPTORS) return
  throw new InvalidArgument(
    `${what}: ${descriptors.size} descriptors are in it, and ${DESCRIPTORS} move at once at the most`,
  )
}

/**
 * Leaves with the value that is handed to the core next: between the two no code of the user's may run.
 *
 * @throws `InvalidArgument` where something may not move any more, and then nothing has.
 */
export function depart({ moving, objects }: Cargo): void {
  try {
    for (const one of moving) one.depart()
  } catch (error) {
    stay()
    throw error
  }
  for (const word of objects) native.share(word)
}

/** The value goes nowhere: what was to leave with it stays. */
export function stay(): void {
  rust().unpack()
}

/** The value is in the core's hands. */
export function left({ moving }: Cargo): void {
  for (const one of moving) one.left()
}
