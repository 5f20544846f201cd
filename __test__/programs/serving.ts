import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { promised } from '../support/waiting.js'

const { meta } = { meta: import.meta }

/** An echo server on a port that it shares. Counts word 7 up once it listens, and word `at` for each client. Never returns. */
export const serve = Miou.portable(meta, function* serve(port: number, words: Int32Array, at: number): Generator<
  Miou.Suspension,
  void
> {
  const listener = Unix.Ownership.tcpv4()
  Unix.Ownership.bindAndListen(listener, { host: '127.0.0.1', port }, { backlog: 512 })
  Atomics.add(words, 7, 1)
  const handlers = Miou.orphans<void>()
  for (;;) {
    for (let task = Miou.care(handlers); task; task = Miou.care(handlers)) yield* task
    const [client] = yield* Unix.Ownership.accept(listener)
    Atomics.add(words, at, 1)
    Miou.async(
      function* () {
        const buffer = new Uint8Array(256)
        for (let n = yield* Unix.read(client, buffer); n > 0; n = yield* Unix.read(client, buffer)) {
          yield* Unix.write(client, buffer, { len: n })
        }
        Unix.Ownership.close(client)
      },
      { give: [Unix.Ownership.resource(client)], orphans: handlers },
    )
  }
})

/** The hash of a file. */
export const hashFile = Miou.portable(meta, function* hashFile(path: string): Generator<Miou.Suspension, string> {
  const bytes = yield* promised(readFile(path))
  return createHash('sha256').update(bytes).digest('hex')
})
