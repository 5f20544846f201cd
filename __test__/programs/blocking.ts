import * as Miou from 'miou'
import * as Unix from 'miou/unix'

/* Standard input is a socket here: takes it over in blocking mode and says what connecting it throws. */

await Miou.run(
  function* () {
    const socket = Unix.ofFileDescr(0, { nonBlocking: false })
    try {
      yield* Unix.connect(socket, { host: '127.0.0.1', port: 1 })
    } catch (error) {
      console.log(error instanceof Miou.InvalidArgument, (error as Error).message)
    }
    Unix.close(socket)
  },
  { domains: 0 },
)
