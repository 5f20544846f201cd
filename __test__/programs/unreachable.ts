import * as Miou from 'miou'
import * as Unix from 'miou/unix'

/* Connects and sends where there is no network, and prints the errors. */

function* says(operation: () => Miou.Operation<unknown>) {
  try {
    yield* operation()
  } catch (error) {
    const { code, syscall } = error as Unix.SystemError
    console.log(code, syscall)
  }
}

await Miou.run(
  function* () {
    const nowhere = { host: '192.0.2.1', port: 9 }
    using stream = Unix.tcpv4()
    yield* says(() => Unix.connect(stream, nowhere))
    using socket = Unix.udpv4()
    yield* says(() => Unix.sendto(socket, 'x', nowhere))
  },
  { domains: 0 },
)
