import * as Miou from 'miou'
import { compute } from './computed.js'

/*
 * What the tasks of a random tree note in shared memory, and what must hold of their notes in the end.
 */

/** What the tasks of a run share. */
export interface Shared {
  words: Int32Array
  mutexes: Miou.Mutex[]
  conditions: Miou.Condition[]
  queue: Miou.Queue<number>
  lazy: Miou.Lazy<number>
  cells: Miou.Computation<number>[]
}

/** How many of each kind a run may have. */
const TASKS = 4000
const RESOURCES = 4000
const WIRES = 1000
const VALUES = 4000
const MUTEXES = 3
const DEATHS = 7

// Words: how many there are of each, the first rule that was seen broken, and where columns begin, a word for each.
const NEXT_TASK = 0
const NEXT_RESOURCE = 1
const NEXT_WIRE = 2
const NEXT_VALUE = 3
const VIOLATION = 4
const INSIDE = 5
const DEAD = INSIDE + MUTEXES
const PARENT = DEAD + 1 + DEATHS
const STARTED = PARENT + TASKS
const ENDED = STARTED + TASKS
const DOMAIN = ENDED + TASKS
const FINALISED = DOMAIN + TASKS
const DISOWNED = FINALISED + RESOURCES
const WRITTEN = DISOWNED + RESOURCES
const SEEN = WRITTEN + WIRES
const PASSED = SEEN + WIRES
const SIZE = PASSED + VALUES

/** Rules that a task may see broken while it runs. */
export const Rule = {
  exclusion: 'a mutex was held by two',
  structure: 'a descendant outlived a task that was awaited or cancelled',
  value: 'a task gave the value of another',
  cancelled: 'a task that was cancelled is not Cancelled',
  bytes: 'bytes were lost, doubled or out of order',
  end: 'a stream ended before its bytes did',
  accepted: 'a client was accepted twice',
} as const
const rules = ['none', ...Object.values(Rule)]

/** Memory and objects for one run. */
export function makeShared(): Shared {
  return {
    words: new Int32Array(new SharedArrayBuffer(SIZE * 4)),
    mutexes: Array.from({ length: MUTEXES }, () => Miou.Mutex.create()),
    conditions: [Miou.Condition.create(), Miou.Condition.create()],
    queue: Miou.Queue.create(),
    lazy: Miou.Lazy.fromFunction(compute),
    cells: [Miou.Computation.create(), Miou.Computation.create()],
  }
}

/** A number for a task whose parent has the number `parent`. */
export function enrol({ words }: Shared, parent: number): number {
  const index = Atomics.add(words, NEXT_TASK, 1)
  if (index >= TASKS) throw new Error('a random tree has more tasks than its ledger has room for')
  Atomics.store(words, PARENT + index, parent)
  return index
}

/** The body of a task was entered. */
export function began({ words }: Shared, task: number): void {
  Atomics.store(words, DOMAIN + task, Miou.Domain.self())
  Atomics.store(words, STARTED + task, 1)
}

/** The body of a task is left. */
export function left({ words }: Shared, task: number): void {
  Atomics.store(words, ENDED + task, 1)
}

/** A rule was seen broken: the first one counts. */
export function violated({ words }: Shared, rule: (typeof Rule)[keyof typeof Rule]): void {
  Atomics.compareExchange(words, VIOLATION, 0, rules.indexOf(rule))
}

/** A task is over: so must be everything below it. */
export function over(shared: Shared, task: number): void {
  const { words } = shared
  // The domains of a run only change by death: whose tasks were on a dead one never says so.
  const living = Miou.Domain.all()
  for (let i = task; i < Atomics.load(words, NEXT_TASK); i++) {
    if (Atomics.load(words, STARTED + i) === Atomics.load(words, ENDED + i)) continue
    if (!living.includes(words[DOMAIN + i]!)) continue
    let above = i
    while (above > task) above = words[PARENT + above]!
    if (above === task) violated(shared, Rule.structure)
  }
}

/** A task holds a mutex: nobody else does, but for one whose domain died meanwhile. */
export function entered(shared: Shared, mutex: number, task: number): void {
  const before = Atomics.exchange(shared.words, INSIDE + mutex, task + 1)
  if (before !== 0 && !deadDomains(shared).includes(shared.words[DOMAIN + before - 1]!))
    violated(shared, Rule.exclusion)
}

/** A task gives a mutex up. */
export function exited(shared: Shared, mutex: number, task: number): void {
  if (Atomics.compareExchange(shared.words, INSIDE + mutex, task + 1, 0) !== task + 1) violated(shared, Rule.exclusion)
}

/** A number for a resource that a task takes. */
export function took({ words }: Shared): number {
  const index = Atomics.add(words, NEXT_RESOURCE, 1)
  if (index >= RESOURCES) throw new Error('a random tree has more resources than its ledger has room for')
  return index
}

/** A resource is disowned: nobody finalises it. */
export function disowned({ words }: Shared, resource: number): void {
  Atomics.store(words, DISOWNED + resource, 1)
}

/** A resource in the memory of a run, as its finaliser gets it. */
export interface Noted {
  words: Int32Array
  index: number
}

/** Counts how often a resource is finalised. */
export const finalised = Miou.portable(
  import.meta,
  function finalised({ words, index }: Noted) {
    Atomics.add(words, FINALISED + index, 1)
  },
  'finalised',
)

/** A number for a pair of sockets. */
export function wired({ words }: Shared): number {
  const index = Atomics.add(words, NEXT_WIRE, 1)
  if (index >= WIRES) throw new Error('a random tree has more sockets than its ledger has room for')
  return index
}

/** Byte number `at` of everything that is written to any socket; no short stretch of it comes twice soon. */
export function byteAt(at: number): number {
  return (at * 7 + (at >> 5)) & 255
}

/** So many bytes more were written. */
export function wrote({ words }: Shared, wire: number, count: number): void {
  Atomics.add(words, WRITTEN + wire, count)
}

/** These bytes were read, as the next of their socket. */
export function saw(shared: Shared, wire: number, bytes: Uint8Array): void {
  const from = Atomics.add(shared.words, SEEN + wire, bytes.length)
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== byteAt(from + i)) return violated(shared, Rule.bytes)
}

/** A socket whose writer ended well has told its end: everything must have been read. */
export function endSeen(shared: Shared, wire: number): void {
  if (Atomics.load(shared.words, SEEN + wire) !== Atomics.load(shared.words, WRITTEN + wire)) violated(shared, Rule.end)
}

/** A number for a value that goes onto the queue. */
export function shareValue({ words }: Shared): number {
  const index = Atomics.add(words, NEXT_VALUE, 1)
  if (index >= VALUES) throw new Error('a random tree has more values than its ledger has room for')
  return index
}

/** A value came off the queue. */
export function passedOn({ words }: Shared, value: number): void {
  Atomics.add(words, PASSED + value, 1)
}

/** This domain is about to die. */
export function dying({ words }: Shared): void {
  words[DEAD + 1 + Atomics.add(words, DEAD, 1)] = Miou.Domain.self()
}

/** The domains that died. */
export function deadDomains({ words }: Shared): number[] {
  return [...words.subarray(DEAD + 1, DEAD + 1 + Atomics.load(words, DEAD))]
}

/** How many tasks a run has had. */
export function taskCount({ words }: Shared): number {
  return words[NEXT_TASK]!
}

/** Everything that does not hold after a run. */
export function broken(shared: Shared): string[] {
  const { words, mutexes } = shared
  const dead = deadDomains(shared)
  const found: string[] = []
  const rule = words[VIOLATION]!
  if (rule !== 0) found.push(rules[rule]!)
  for (let i = 0; i < words[NEXT_TASK]!; i++) {
    if (words[STARTED + i] !== words[ENDED + i] && !dead.includes(words[DOMAIN + i]!))
      found.push(`task ${i} has started and not ended`)
  }
  for (let i = 0; i < words[NEXT_RESOURCE]!; i++) {
    const times = words[FINALISED + i]!
    const expected = 1 - words[DISOWNED + i]!
    // One that was on the move when its domain died may be lost, and never finalised twice.
    if (times !== expected && !(dead.length > 0 && times === 0))
      found.push(`resource ${i} was finalised ${times} times, not ${expected}`)
  }
  Miou.Queue.drop(shared.queue, (value) => passedOn(shared, value))
  for (let i = 0; i < words[NEXT_VALUE]!; i++) {
    const times = words[PASSED + i]!
    if (times !== 1 && !(dead.length > 0 && times === 0)) found.push(`value ${i} came off the queue ${times} times`)
  }
  for (const [i, m] of mutexes.entries()) {
    if (Miou.Mutex.tryLock(m)) Miou.Mutex.unlock(m)
    else found.push(`mutex ${i} is held`)
  }
  return found
}
