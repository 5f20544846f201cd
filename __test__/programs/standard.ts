import { openSync } from 'node:fs'
import * as Miou from 'miou'
import * as Unix from 'miou/unix'

/* Copies standard input to standard output in upper case, closes both, and then uses them again. */

await Miou.run(
  function* () {
    const [input, output] = [Unix.ofFileDescr(0), Unix.ofFileDescr(1)]
    const buf = Buffer.alloc(100)
    for (let n = yield* Unix.read(input, buf); n > 0; n = yield* Unix.read(input, buf)) {
      yield* Unix.write(output, buf.toString('utf8', 0, n).toUpperCase())
    }
    yield* Unix.write(output, '\n')
    Unix.close(input)
    Unix.close(output)
    if (openSync('/dev/null', 'r') <= 2) throw new Error('a standard stream was closed')
  },
  { domains: 0 },
)
console.log('and console.log still works')
