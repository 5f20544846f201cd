import * as Miou from 'miou'
import { until } from 'miou/node'
import * as Unix from 'miou/unix'
import { built } from './process.js'

/** The program `miou`. */
export const PROGRAM = built('dist/program.js')

/** Holds a listener on which this process does not accept, as a service manager does, while `body` runs. */
export function withListener(body: (number: number, port: number) => Promise<void>): Promise<void> {
  return Miou.run(
    function* () {
      using listener = Unix.tcpv4()
      Unix.bindAndListen(listener, { host: '127.0.0.1', port: 0 })
      const { port } = Unix.address(listener) as { port: number }
      yield* until(body(Unix.toFileDescr(listener), port))
    },
    { domains: 0 },
  )
}
