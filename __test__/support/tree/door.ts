import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { Rule, type Shared, violated } from './ledger.js'
import { type Steps, turns } from './noted.js'
import { listening } from './pair.js'
import type { Door } from './step.js'

const { Ownership } = Unix

/** Connects and says its number. */
function* client(path: string, number: number): Steps<void> {
  const fd = Ownership.unixSocket()
  yield* Ownership.connect(fd, { path })
  yield* Ownership.write(fd, Uint8Array.of(number))
  Ownership.close(fd)
}

/** Accepts a connection in one way; undefined where that was cancelled before there was any. */
function* acceptAs(
  listener: Unix.FileDescr,
  { how, turns: count }: Door['accepts'][number],
): Steps<Unix.FileDescr | undefined> {
  const once = function* (): Steps<Unix.FileDescr> {
    const [connection] = yield* Unix.accept(listener)
    return connection
  }
  if (how === 'accept') return yield* once()
  if (how === 'timeout') {
    try {
      return yield* Miou.timeout(count, once)
    } catch (error) {
      if (error instanceof Miou.TimeoutError) return undefined
      throw error
    }
  }
  const accepting = Miou.async(once)
  yield* Miou.awaitFirst([accepting, Miou.async(() => turns(count))])
  // Where it lost and had ended it keeps its value.
  const result = yield* Miou.await(accepting)
  return result.ok ? result.value : undefined
}

/** Lets clients in that come all at once: whatever is cancelled on the way, each is accepted, and once. */
export function* door(shared: Shared, { clients, accepts }: Door): Steps<void> {
  const { listener, path, forget } = listening()
  try {
    const coming = Array.from({ length: clients }, (_, number) => Miou.async(() => client(path, number)))
    const seen = new Set<number>()
    for (let i = 0; seen.size < clients; i++) {
      const connection = yield* acceptAs(listener, accepts[i] ?? { how: 'accept', turns: 0 })
      if (connection === undefined) continue
      Miou.Ownership.own(Ownership.resource(connection))
      const number = new Uint8Array(1)
      yield* Ownership.reallyRead(connection, number)
      Ownership.close(connection)
      if (seen.has(number[0]!)) violated(shared, Rule.accepted)
      seen.add(number[0]!)
    }
    yield* Miou.awaitAll(coming)
    Ownership.close(listener)
  } finally {
    forget()
  }
}
