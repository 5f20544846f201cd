import { isDeepStrictEqual } from 'node:util'
import type { ExecutionContext } from 'ava'
import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { rust } from '../../dist/domain-thread.js'
import { here } from '../../dist/here.js'
import { waitingInRust } from '../../dist/io.js'
import { HELD, words } from '../../dist/ring.js'
import { test } from './case.js'

type Steps<T> = Generator<Miou.Suspension, T>

/** What must be the same after a run as before it. */
function remains(): object {
  return {
    descriptors: rust().descriptors(),
    operations: waitingInRust(),
    heldInReceiveArea: words[HELD],
    lentViews: here.lent,
  }
}

/** A test case whose body is main of a run on one domain, and that leaves nothing behind in the core. */
export function onOneDomain(title: string, body: (t: ExecutionContext) => Steps<unknown>): void {
  test(title, async (t) => {
    const before = remains()
    await Miou.run(() => body(t), { domains: 0 })
    // What streams were waiting for is told them in the turn after their descriptors were closed.
    for (let i = 0; i < 50 && !isDeepStrictEqual(remains(), before); i++) {
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    t.deepEqual(remains(), before, 'something was left behind')
  })
}

/** A listening socket on a free port, and its address. */
export function listening(options?: Unix.BindOptions): [Unix.FileDescr, { host: string; port: number }] {
  const listener = Unix.tcpv4()
  Unix.bindAndListen(listener, { host: '127.0.0.1', port: 0 }, options)
  return [listener, Unix.address(listener) as { host: string; port: number }]
}

/** Both ends of a connection over loopback. */
export function* connection(options?: Unix.SocketOptions): Steps<[Unix.FileDescr, Unix.FileDescr]> {
  const [listener, address] = listening()
  const client = Unix.tcpv4()
  yield* Unix.connect(client, address, options)
  const [server] = yield* Unix.accept(listener)
  Unix.close(listener)
  return [client, server]
}

/** A UDP socket on a free port, and its address. */
export function datagrams(): [Unix.FileDescr, { host: string; port: number }] {
  const fd = Unix.udpv4()
  Unix.bindAndListen(fd, { host: '127.0.0.1', port: 0 })
  return [fd, Unix.address(fd) as { host: string; port: number }]
}

/** Reads to the end of a stream. */
export function* readAll(fd: Unix.FileDescr): Steps<Buffer> {
  const parts: Buffer[] = []
  for (let view = yield* Unix.readView(fd); view.length > 0; view = yield* Unix.readView(fd))
    parts.push(Buffer.from(view))
  return Buffer.concat(parts)
}

/** Yields so often that everything which is under way, in the core or in the system, has arrived. */
export function* settle(): Steps<void> {
  for (let i = 0; i < 4; i++) yield* Miou.yield()
  yield* Unix.sleep(1)
}

/** Closes descriptors. */
export function closing(...fds: Unix.FileDescr[]): void {
  for (const fd of fds) Unix.close(fd)
}

/** Has the core carry out what was submitted, with no turn: it does so before it closes anything. */
export function carriedOut(): void {
  Unix.close(Unix.tcpv4())
}

/** Checks that an operation throws an error of the system of that code. */
export function* failsWith(
  t: ExecutionContext,
  operation: () => Miou.Operation<unknown>,
  code: string,
): Steps<Unix.SystemError> {
  try {
    yield* operation()
  } catch (error) {
    const { code: got, errno, syscall, message } = error as Unix.SystemError
    t.is(got, code, message)
    t.true(errno < 0)
    t.is(typeof syscall, 'string')
    t.true(message.startsWith(`${syscall} ${code}`), message)
    return error as Unix.SystemError
  }
  throw new Error(`expected ${code}`)
}

/** Checks that using an operation throws an error of that class. */
export function* throwsIn<E>(
  t: ExecutionContext,
  operation: () => Miou.Operation<unknown>,
  of: abstract new (...args: never[]) => E,
  what?: RegExp,
): Steps<E> {
  let value: unknown
  try {
    value = yield* operation()
  } catch (error) {
    if (!(error instanceof of)) t.fail(`expected ${of.name}, got ${String(error)}`)
    if (what !== undefined) t.regex((error as Error).message, what)
    return error as E
  }
  throw new Error(`expected ${of.name}, got ${String(value)}`)
}
