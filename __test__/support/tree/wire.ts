import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { byteAt, endSeen, enrol, over, type Shared, saw, wired, wrote } from './ledger.js'
import { noted, type Steps, turns } from './noted.js'
import { pair } from './pair.js'
import type { Reading, Wire } from './step.js'

/*
 * A pair of sockets in a random tree. Whatever is cancelled on the way, whoever reads sees the bytes in their order.
 */

const { Ownership } = Unix
const REST: Reading = { how: 'read', length: 65536, turns: 0 }

interface End {
  shared: Shared
  /** The number of the task that has it. */
  task: number
  wire: number
  fd: Unix.FileDescr
}

/** Writes all that is to be written, and closes its end. */
const writing = Miou.portable(
  import.meta,
  function* writing({ shared, task, wire, fd }: End, writes: Wire['writes']): Steps<void> {
    yield* noted(shared, task, function* () {
      let at = 0
      for (const { length, turns: before } of writes) {
        yield* turns(before)
        const bytes = Uint8Array.from({ length }, (_, i) => byteAt(at + i))
        yield* Ownership.write(fd, bytes)
        wrote(shared, wire, length)
        at += length
      }
      Ownership.close(fd)
    })
  },
)

/** Reads once and gives the end back; tells whether it was the last time. */
const passing = Miou.portable(import.meta, function* passing(end: End, length: number): Steps<
  [Unix.FileDescr, boolean]
> {
  const { shared, task, fd } = end
  return yield* noted(shared, task, function* () {
    const ended = yield* readOnce(end, length, 'read')
    yield* Miou.Ownership.transfer(Ownership.resource(fd))
    return [fd, ended] as [Unix.FileDescr, boolean]
  })
})

/** Starts a child on this domain, or on another one where there is any to call. */
function spawn<A extends unknown[], T>(
  where: Wire['where'],
  fn: Miou.Portable<A, T>,
  args: A,
  give: Miou.Resource[],
): Miou.Task<T> {
  if (where === 'call' && Miou.Domain.available() > 0) return Miou.call(fn, args, { give })
  return Miou.async(() => fn(...args), { give })
}

/** Reads once; whether the stream has ended. What was read is noted before anything else can happen. */
function* readOnce({ shared, wire, fd }: End, length: number, how: 'read' | 'view'): Steps<boolean> {
  if (how === 'view') {
    const view = yield* Unix.readView(fd, { max: length })
    saw(shared, wire, view)
    return view.length === 0
  }
  const buffer = new Uint8Array(length)
  const count = yield* Unix.read(fd, buffer)
  saw(shared, wire, buffer.subarray(0, count))
  return count === 0
}

/** Reads in one way; whether the stream has ended, as far as that way tells. */
function* readAs(end: End, reading: Reading, where: Wire['where']): Steps<boolean> {
  const { length, how } = reading
  const once = (): Steps<boolean> => readOnce(end, length, 'read')
  switch (how) {
    case 'read':
    case 'view':
      return yield* readOnce(end, length, how)
    case 'timeout':
      try {
        return yield* Miou.timeout(reading.turns, once)
      } catch (error) {
        if (error instanceof Miou.TimeoutError) return false
        throw error
      }
    case 'race': {
      const tasks = [Miou.async(once), Miou.async(() => turns(reading.turns))]
      const result = yield* Miou.awaitFirst(tasks)
      return result.ok && result.value === true
    }
    case 'twins': {
      const both = Miou.async(() => Miou.awaitAll([Miou.async(once), Miou.async(once)]))
      yield* turns(reading.turns)
      yield* Miou.cancel(both)
      return false
    }
    case 'pass': {
      const { shared, fd } = end
      const task = enrol(shared, end.task)
      const child = spawn(where, passing, [{ ...end, task }, length], [Ownership.resource(fd)])
      const [back, ended] = yield* child
      if (back !== fd) throw new Error('a descriptor came back as another handle')
      return ended
    }
  }
}

/** Has a child write at one end of a pair of sockets, and reads at the other one what it writes. */
export function* wire(shared: Shared, task: number, { where, writes, reads }: Wire): Steps<void> {
  const [ours, theirs] = yield* pair()
  const number = wired(shared)
  const end = { shared, task, wire: number, fd: ours }
  const child = enrol(shared, task)
  const writer = spawn(where, writing, [{ ...end, task: child, fd: theirs }, writes], [Ownership.resource(theirs)])
  let ended = false
  try {
    for (let i = 0; !ended; i++) ended = yield* readAs(end, reads[i] ?? REST, where)
    Ownership.close(ours)
  } catch (error) {
    // The domain died that had our end for a moment, and what was not read is lost.
    if (!(error instanceof Miou.DomainDied)) throw error
  }
  const result = yield* Miou.await(writer)
  over(shared, child)
  if (result.ok && ended) endSeen(shared, number)
}
