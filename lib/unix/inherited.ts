import { fstatSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'
import { InvalidArgument } from '../errors.js'
import type { FileDescr } from './descriptor.js'
import { ofFileDescr } from './number.js'

/** The first number that a service manager uses. */
const FIRST = 3

/** More than anybody hands over; what is wrong beyond that is not worth a try each. */
const MOST = 1024

const variables = ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']

/**
 * The sockets that a service manager has opened for this process, in its order: socket activation as systemd has it, by
 * `LISTEN_FDS` and `LISTEN_PID`. They listen already, or are bound, and stay open in the manager while this process
 * restarts: nobody is refused meanwhile. None where there are none, or where they are meant for another process. What
 * this process starts inherits neither the sockets nor the variables: a second call gives none.
 *
 * @throws `InvalidArgument` on another thread than the main one, where what the variables say can't be, and where one is no
 * socket; `EBADF` where one is not there.
 * @example
 * const [listener = bound()] = inherited()
 */
export function inherited(): FileDescr[] {
  if (!isMainThread) throw new InvalidArgument('inherited() is for domain 0 of the main thread: pass on what it gives')
  const { LISTEN_PID: pid, LISTEN_FDS: count } = process.env
  for (const name of variables) delete process.env[name]
  if (count === undefined || pid !== String(process.pid)) return []
  const amount = Number(count)
  if (!/^\d+$/.test(count) || amount > MOST) {
    throw new InvalidArgument(
      `inherited(): LISTEN_FDS is a number of sockets up to ${MOST}, not ${JSON.stringify(count)}`,
    )
  }
  const numbers = Array.from({ length: amount }, (_, i) => FIRST + i)
  // Where there are fewer than it says, the next ones are Node's own, which must not be touched.
  for (const number of numbers) {
    if (!fstatSync(number).isSocket()) throw new InvalidArgument(`inherited(): descriptor ${number} is no socket`)
  }
  return numbers.map((number) => ofFileDescr(number))
}
