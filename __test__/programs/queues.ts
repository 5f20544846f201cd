import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { never } from '../support/waiting.js'

/* Portable functions about queues. */

const { meta } = { meta: import.meta }
const { Queue } = Miou

/** Puts `count` numbers on a queue, each with `producer` in front; switches now and then. */
export const produces = Miou.portable(
  meta,
  function* produces(
    queue: Miou.Queue<[number, number] | number>,
    producer: number,
    count: number,
  ): Generator<Miou.Suspension, void> {
    for (let i = 0; i < count; i++) {
      Queue.enqueue(queue, producer * 1e9 + i)
      if (i % 100 === 99) yield* Miou.yield()
    }
  },
)

/** Takes numbers until there are none and `words[0]` producers are over; returns them in the order in which they came. */
export const consumes = Miou.portable(
  meta,
  function* consumes(queue: Miou.Queue<number>, producers: Int32Array): Generator<Miou.Suspension, Float64Array> {
    const taken: number[] = []
    for (;;) {
      // Looked at first: what was put on before that is seen after it.
      const over = Atomics.load(producers, 0) === 0
      while (!Queue.isEmpty(queue)) {
        try {
          taken.push(Queue.dequeue(queue))
        } catch (error) {
          // Another consumer was quicker.
          if (!(error instanceof Miou.Empty)) throw error
        }
        if (taken.length % 100 === 99) yield* Miou.yield()
      }
      if (over) return Float64Array.from(taken)
      yield* Miou.yield()
    }
  },
)

/** Puts one value on a queue. */
export const puts = Miou.portable(meta, function* puts<T>(queue: Miou.Queue<T>, value: T) {
  Queue.enqueue(queue, value)
})

/** Takes one value off a queue and returns it. */
export const takes = Miou.portable(meta, function* takes<T>(queue: Miou.Queue<T>) {
  return Queue.dequeue(queue)
})

/** Puts its domain on the queue of this name. */
export const putsByName = Miou.portable(meta, function* putsByName(name: string) {
  Queue.enqueue(Queue.create(name), Miou.Domain.self())
})

/** Writes to the connection that it takes off a queue, and closes it. */
export const answers = Miou.portable(meta, function* answers(queue: Miou.Queue<{ fd: Unix.FileDescr }>, text: string) {
  const { fd } = Queue.dequeue(queue)
  yield* Unix.write(fd, text)
  Unix.close(fd)
})

/** Puts a new descriptor on a queue, and says its number. */
export const putsDescriptor = Miou.portable(meta, function* putsDescriptor(queue: Miou.Queue<Unix.FileDescr>) {
  const fd = Unix.tcpv4()
  const number = Unix.toFileDescr(fd)
  Queue.enqueue(queue, fd)
  return number
})

/** Puts values on a queue and ends its domain. */
export const putsAndDies = Miou.portable(meta, function* putsAndDies(queue: Miou.Queue<unknown>): Generator<
  Miou.Suspension,
  void
> {
  Queue.enqueue(queue, 'kept')
  Queue.enqueue(queue, { fd: Unix.tcpv4() })
  setImmediate(() => process.exit(0))
  yield* never()
})
