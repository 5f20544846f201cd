import { closeSync, openSync } from 'node:fs'
import * as Miou from 'miou'
import * as Unix from 'miou/unix'

/*
 * Uses up the descriptors of the process while clients wait: prints what fails, cancels accepts at many moments, and
 * accepts the clients, in their order, as soon as there are descriptors again.
 */

const CLIENTS = 5

function says(work: () => unknown): void {
  try {
    work()
  } catch (error) {
    const { code, syscall } = error as Unix.SystemError
    console.log(code, syscall)
  }
}

await Miou.run(
  function* () {
    const listener = Unix.tcpv4()
    Unix.bindAndListen(listener, { host: '127.0.0.1', port: 0 })
    const clients: Unix.FileDescr[] = []
    for (let i = 0; i < CLIENTS; i++) {
      const client = Unix.tcpv4()
      yield* Unix.connect(client, Unix.address(listener))
      yield* Unix.write(client, `client ${i}`)
      clients.push(client)
    }
    const fill: number[] = []
    try {
      for (;;) fill.push(openSync('/dev/null', 'r'))
    } catch {
      // None is left.
    }
    says(() => Unix.tcpv4())
    says(() => Unix.duplicate(listener))
    for (let moment = 0; moment < 10; moment++) {
      const accepting = [0, 1].map(() => Miou.async(() => Unix.accept(listener)))
      for (let i = 0; i < moment; i++) yield* Miou.yield()
      for (const task of accepting) yield* Miou.cancel(task)
    }
    const accepting = Miou.async(function* () {
      const buf = Buffer.alloc(20)
      for (let i = 0; i < CLIENTS; i++) {
        const [connection] = yield* Unix.accept(listener)
        console.log(buf.toString('latin1', 0, yield* Unix.read(connection, buf)))
        Unix.close(connection)
      }
    })
    yield* Unix.sleep(5)
    for (const file of fill) closeSync(file)
    yield* accepting
    for (const fd of [listener, ...clients]) Unix.close(fd)
  },
  { domains: 0 },
)
