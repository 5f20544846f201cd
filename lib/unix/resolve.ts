import { type LookupAddress, lookup } from 'node:dns'
import { InvalidArgument } from '../errors.js'
import { make, Op, type Operation } from '../operation.js'
import { ready } from '../ready.js'
import { checkObject } from '../check-object.js'

/** What Node's own error has for `errno`. */
const NOT_FOUND = -3008

/** Asks the system for the addresses of a host. */
class Resolve extends Op<string[]> {
  readonly label = 'resolve(host)'
  private error: Error | null = null
  private addresses: LookupAddress[] = []
  private aborted = false

  constructor(
    private readonly host: string,
    private readonly family: 0 | 4 | 6,
  ) {
    super()
  }

  wait(): void {
    lookup(this.host, { all: true, family: this.family }, (error, addresses) => {
      // The system can't be told to stop: its answer comes to nobody where the task was cancelled.
      if (this.aborted) return
      this.error = error ?? this.none(addresses)
      this.addresses = addresses
      ready(this.task)
    })
  }

  /** A literal address of the other family is found all the same: the error that a name without one has. */
  private none(addresses: LookupAddress[]): Error | null {
    const { host, family } = this
    if (family === 0 || addresses.some((address) => address.family === family)) return null
    const error = new Error(`getaddrinfo ENOTFOUND ${host}`)
    return Object.assign(error, { errno: NOT_FOUND, code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: host })
  }

  abort(): void {
    this.aborted = true
  }

  finish(): string[] {
    if (this.error !== null) throw this.error
    return [...new Set(this.addresses.map(({ address }) => address))]
  }

  override get external(): boolean {
    return true
  }

  override describe(): string {
    return `resolve ${this.host}`
  }
}

/**
 * Asks the system for the addresses of a host, as `getaddrinfo` knows them: /etc/hosts, DNS. A literal address is its own.
 *
 * @param options `family`: only IPv4 (4) or IPv6 (6) addresses.
 * @returns At least one address, in the order in which to try them.
 * @throws `InvalidArgument`; Node's own errors of look-ups: `ENOTFOUND`, `EAI_AGAIN`.
 * @example
 * for (const host of yield* resolve('localhost')) console.log(host)
 */
export function resolve(host: string, options?: { family?: 4 | 6 }): Operation<string[]> {
  // The system would take a name for what stands before its first zero.
  if (typeof host !== 'string' || host === '' || host.includes('\0'))
    throw new InvalidArgument('resolve(host) takes the name of a host')
  if (options !== undefined) checkObject(options, 'resolve(host)')
  const family = options?.family ?? 0
  if (family !== 0 && family !== 4 && family !== 6) throw new InvalidArgument('resolve(host): family is 4 or 6')
  const op = new Resolve(host, family)
  make(op)
  return op
}
