import { left } from './cargo.js'
import { Empty, InvalidArgument } from './errors.js'
import { registerHandle, wrongHandle } from './handle.js'
import { onLeftovers } from './leftovers.js'
import { native } from './native.js'
import { isPlain } from './plain.js'
import { OBJECT, words } from './ring.js'
import { QUEUE, shared, tooMany } from './shared.js'
import { answerHere, EMPTY, laid, lay, REFUSED, taken } from './value.js'

/** A queue between tasks, and code outside of tasks, of all domains. Made by `Queue.create`. */
export class Queue<T> {
  /** What is in it, for the compiler only. */
  declare protected readonly type: T
  /** @internal */
  constructor(
    /** @internal Names it in the core. */
    readonly word: number,
    /** The name that it was made with. */
    readonly name: string | undefined,
  ) {}
}

const queues = shared(QUEUE, (word, name) => new Queue<unknown>(word, name))

/**
 * A queue, first in, first out, without a bound, for many producers and many consumers. The same name gives the same queue
 * to every domain of the process; without a name it is private until it is passed on. What comes out of it is a clone of
 * what was put in, or a handle; a descriptor moves. It never waits: a condition, or a trigger, tells a consumer to look.
 *
 * @example
 * const jobs = Queue.create<Job>('jobs')
 * Queue.enqueue(jobs, { path })
 */
export function create<T>(name?: string): Queue<T> {
  return queues.create(name) as Queue<T>
}

function valid(q: unknown, what: string): asserts q is Queue<unknown> {
  if (!(q instanceof Queue)) throw wrongHandle(q, `Queue.${what} takes a queue, as Queue.create makes it`)
}

/**
 * Puts a value behind the others: what structured clone takes, and handles. A descriptor in it moves onto the queue. Shared
 * memory can't rest there, since the thread that it came from may be gone: it is passed by `call`.
 *
 * @throws `InvalidArgument` for what can't cross, and then nothing has moved.
 * @example
 * Queue.enqueue(jobs, { path: '/tmp/report' })
 */
export function enqueue<T>(q: Queue<T>, value: T): void {
  valid(q, 'enqueue')
  const cargo = lay(value, 'a value on a queue')
  words[OBJECT] = q.word
  native.enqueue()
  if (cargo !== undefined) left(cargo)
}

function empty(q: Queue<unknown>): Empty {
  return new Empty(
    `there is nothing in ${q.name ?? 'the queue'}: look at Queue.isEmpty, or wait on a condition until there is`,
  )
}

/**
 * Takes the oldest value, and takes over the descriptors in it.
 *
 * @throws `Empty`.
 * @example
 * while (!Queue.isEmpty(jobs)) yield* work(Queue.dequeue(jobs))
 */
export function dequeue<T>(q: Queue<T>): T {
  valid(q, 'dequeue')
  answerHere()
  words[OBJECT] = q.word
  const form = native.dequeue()
  if (form === EMPTY) throw empty(q)
  return taken(form) as T
}

/**
 * The oldest value, which stays.
 *
 * @throws `Empty`; `InvalidArgument` where a descriptor is in it, which can't be in two places.
 * @example
 * if (!Queue.isEmpty(jobs)) console.log(Queue.peek(jobs).path)
 */
export function peek<T>(q: Queue<T>): T {
  valid(q, 'peek')
  answerHere()
  words[OBJECT] = q.word
  const form = native.peek()
  if (form === EMPTY) throw empty(q)
  if (form === REFUSED) throw new InvalidArgument('Queue.peek: a descriptor is in it, which moves with it: dequeue it')
  return laid(form) as T
}

/**
 * Whether there is nothing in it, at this moment.
 *
 * @example
 * while (!Queue.isEmpty(jobs)) yield* work(Queue.dequeue(jobs))
 */
export function isEmpty(q: Queue<unknown>): boolean {
  valid(q, 'isEmpty')
  words[OBJECT] = q.word
  return native.queued() === 0
}

/**
 * How many values are in it, at this moment.
 *
 * @example
 * if (Queue.length(jobs) > 1000) yield* Unix.sleep(10)
 */
export function length(q: Queue<unknown>): number {
  valid(q, 'length')
  words[OBJECT] = q.word
  return native.queued()
}

/** Takes the values of a queue that nobody else knows, the oldest first, and gives it up. */
function* poured(word: number): Generator<unknown, void> {
  if (word === REFUSED) throw new InvalidArgument('Queue.toArray: a descriptor is in it, which moves with its value')
  if (word < 0) throw tooMany()
  try {
    for (;;) {
      answerHere()
      words[OBJECT] = word
      const form = native.dequeue()
      if (form === EMPTY) return
      yield taken(form)
    }
  } finally {
    native.release(word)
  }
}

/**
 * All values that are in it at one moment, the oldest first; they stay.
 *
 * @throws `InvalidArgument` where a descriptor is in one of them.
 * @example
 * console.log(Queue.toArray(jobs).map((job) => job.path))
 */
export function toArray<T>(q: Queue<T>): T[] {
  valid(q, 'toArray')
  return [...poured(native.pour(q.word, false))] as T[]
}

/**
 * Empties it at one moment, and then calls `each` with what was in it, the oldest first. Where `each` throws, descriptors in
 * the rest are closed.
 *
 * @throws What `each` throws; `InvalidArgument` where it is no plain function.
 * @example
 * Queue.drop(jobs, (job) => log(`not done: ${job.path}`))
 */
export function drop<T>(q: Queue<T>, each: (value: T) => void): void {
  valid(q, 'drop')
  if (!isPlain(each)) throw new InvalidArgument('Queue.drop takes a queue and a function, no function*')
  for (const value of poured(native.pour(q.word, true))) each(value as T)
}

/**
 * Moves all that is in it at one moment to a new queue, and returns that.
 *
 * @returns A queue without a name.
 * @example
 * const batch = Queue.transfer(jobs)
 * while (!Queue.isEmpty(batch)) yield* work(Queue.dequeue(batch))
 */
export function transfer<T>(q: Queue<T>): Queue<T> {
  valid(q, 'transfer')
  const word = native.pour(q.word, true)
  if (word < 0) throw tooMany()
  return queues.at(word, undefined) as Queue<T>
}

registerHandle(Queue, {
  tag: 'queue',
  pack: (q, cargo) => queues.share(q, cargo),
  unpack: (packed) => queues.arrive(packed),
})

// Descriptors that rest in queues belong to no domain: the first of their run closes them.
onLeftovers((run) => ({ count: run.domain === 0 ? native.closeQueued(run.id) : 0, sites: [] }))
