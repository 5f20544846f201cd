import * as Miou from '../index.js'
import * as Unix from '../unix.js'
import { type Limits, whileActive } from './limits.js'

/** What one domain served. */
export interface Served {
  domain: number
  connections: number
  bytes: number
  /** Connections that an error ended: a reset, say. */
  failed: number
  /** Connections that a time limit ended. */
  expired: number
  /** Connections that were there when the time to end was over. */
  cut: number
}

/** Nothing was served yet. */
export function newServed(): Served {
  return { domain: Miou.Domain.self(), connections: 0, bytes: 0, failed: 0, expired: 0, cut: 0 }
}

/** Serves a client, whose descriptor this task owns, within the limits; counts how that ends. */
export function* client(fd: Unix.FileDescr, limits: Limits, served: Served): Generator<Miou.Suspension, void> {
  try {
    yield* limited(fd, limits, served)
    Unix.Ownership.close(fd)
  } catch (error) {
    if (error instanceof Miou.TimeoutError) served.expired++
    else if (error instanceof Miou.Cancelled) served.cut++
    else served.failed++
    throw error
  }
}

/** The limits that there are, one around the other; the children that they need use the descriptor of this task. */
function limited(fd: Unix.FileDescr, limits: Limits, served: Served): Miou.Operation<void> {
  const activity = { at: 0 }
  let body = (): Miou.Operation<void> => echo(fd, limits, served, activity)
  const { idle, total } = limits
  if (idle !== Number.POSITIVE_INFINITY) {
    const inner = body
    body = () => whileActive(activity, idle, inner)
  }
  return total === Number.POSITIVE_INFINITY ? body() : Miou.timeout(total, body)
}

/** Sends a client back what it sends. */
function* echo(
  fd: Unix.FileDescr,
  limits: Limits,
  served: Served,
  activity: { at: number },
): Generator<Miou.Suspension, void> {
  if (limits.proxy) yield* Unix.proxyHeader(fd)
  const buffer = Buffer.allocUnsafe(16 << 10)
  for (;;) {
    const length = yield* Unix.read(fd, buffer)
    if (length === 0) break
    yield* Unix.write(fd, buffer, { len: length })
    served.bytes += length
    if (limits.idle !== Number.POSITIVE_INFINITY) activity.at = performance.now()
  }
}
