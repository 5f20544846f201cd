import * as Miou from 'miou'
import * as Unix from 'miou/unix'

/* An echo server whose handler throws at the word `throw`, and leaves its connection to its finaliser. */

type Steps<T> = Generator<Miou.Suspension, T>

function* echo(client: Unix.FileDescr): Steps<void> {
  const buffer = Buffer.alloc(4096)
  for (;;) {
    const length = yield* Unix.Ownership.read(client, buffer)
    if (length === 0) break
    if (buffer.toString('utf8', 0, length) === 'throw') throw new Error('as it was told')
    yield* Unix.Ownership.write(client, buffer, { len: length })
  }
  Unix.Ownership.close(client)
}

await Miou.main(
  import.meta,
  function* () {
    const listener = Unix.Ownership.tcpv4()
    Unix.Ownership.bindAndListen(listener, { host: '127.0.0.1', port: 0 })
    Miou.print((Unix.address(listener) as { port: number }).port)
    const clients = Miou.orphans<void>()
    let failed = 0
    for (let accepted = 0; accepted < 21; accepted++) {
      const [client] = yield* Unix.Ownership.accept(listener)
      Miou.async(() => echo(client), { give: [Unix.Ownership.resource(client)], orphans: clients })
    }
    Unix.Ownership.close(listener)
    for (const result of yield* Miou.drain(clients)) {
      if (result.ok) continue
      if ((result.error as Error).message !== 'as it was told') throw result.error
      failed++
    }
    Miou.print(`${failed} failed`)
  },
  { domains: 0 },
)
