import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { once } from 'node:events'
import * as Miou from 'miou'
import * as Unix from 'miou/unix'

/*
 * Takes over what a service manager hands it, and prints what it got as JSON: addresses, the flags that the system has
 * of each, what is left of the variables. Then answers one client of the first socket with "activated".
 */

await Miou.run(
  function* () {
    const sockets = Unix.Ownership.inherited()
    const flags = sockets.map(
      (fd) => /flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${Unix.toFileDescr(fd)}`, 'utf8'))![1],
    )
    const again = Unix.inherited().length
    const left = Object.keys(process.env).filter((name) => name.startsWith('LISTEN_'))
    console.log(JSON.stringify({ addresses: sockets.map((fd) => Unix.address(fd)), flags, again, left }))
    const [listener] = sockets
    if (listener !== undefined) {
      const [client] = yield* Unix.Ownership.accept(listener)
      yield* Unix.Ownership.write(client, 'activated')
      Unix.Ownership.close(client)
    }
    for (const fd of sockets) Unix.Ownership.close(fd)
  },
  { domains: 0 },
)

// Another thread has no claim on them.
const code = `import('miou/unix').then(({ inherited }) => inherited()).catch((error) => console.log(error.code))`
await once(new Worker(code, { eval: true }), 'exit')
