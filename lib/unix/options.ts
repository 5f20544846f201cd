import { checkObject } from '../check-object.js'
import { rust } from '../domain-thread.js'
import { InvalidArgument } from '../errors.js'
import { type FileDescr, valid } from './descriptor.js'
import { systemError } from './system-error.js'
import { shown } from '../shown.js'

/** Options of a socket. What is left out stays as it is. */
export interface SocketOptions {
  /** Whether small writes go out at once; true on TCP sockets that are made here. */
  noDelay?: boolean
  /** After how many milliseconds of silence the system asks whether the peer is there (in whole seconds); false: never. */
  keepAlive?: number | false
  /** Seconds for which a closed socket tries to deliver what is left, 0 to reset the connection; false: as the system does. */
  linger?: number | false
  /** Bytes of the system's buffer for what is to be sent. */
  sendBuffer?: number
  /** Bytes of the system's buffer for what was received. */
  receiveBuffer?: number
  /** Whether an IPv6 socket leaves IPv4 alone. Before it is bound. */
  ipv6Only?: boolean
  /** Whether datagrams may go to broadcast addresses. */
  broadcast?: boolean
  /** Routers that a packet may pass, from 1 to 255. */
  ttl?: number
}

/** An option as the core numbers it, and how its value crosses; undefined where it is none. */
interface Option {
  readonly number: number
  readonly takes: string
  value(given: unknown): number | undefined
}

const NEVER = -1

const flag = (number: number): Option => ({
  number,
  takes: 'true or false',
  value: (given) => (typeof given === 'boolean' ? Number(given) : undefined),
})

const amount = (number: number, least: number, most: number, takes: string, scale = 1): Option => ({
  number,
  takes,
  value: (given) =>
    typeof given === 'number' && given >= least && given <= most ? Math.ceil(given / scale) : undefined,
})

const orNever = ({ number, takes, value }: Option): Option => ({
  number,
  takes: `${takes}, or false`,
  value: (given) => (given === false ? NEVER : value(given)),
})

const MOST = 0x7fffffff

const known: { readonly [name in keyof Required<SocketOptions>]: Option } = {
  noDelay: flag(1),
  keepAlive: orNever(amount(2, 1, 32767_000, 'milliseconds from 1 to 32767000', 1000)),
  linger: orNever(amount(3, 0, 65535, 'seconds from 0 to 65535')),
  sendBuffer: amount(4, 1, MOST, 'a number of bytes'),
  receiveBuffer: amount(5, 1, MOST, 'a number of bytes'),
  ipv6Only: flag(6),
  broadcast: flag(7),
  ttl: amount(8, 1, 255, 'a number from 1 to 255'),
}

/** Options in the form in which they are set. */
export type Settings = readonly { name: string; number: number; value: number }[]

/** Checks options, of which `others` are somebody else's business; what is left is to be set. */
export function settings(options: object, what: string, others: readonly string[] = []): Settings {
  checkObject(options, what)
  const list: { name: string; number: number; value: number }[] = []
  for (const [name, given] of Object.entries(options)) {
    if (given === undefined || others.includes(name)) continue
    const option: Option | undefined = Object.hasOwn(known, name) ? known[name as keyof SocketOptions] : undefined
    if (option === undefined) throw new InvalidArgument(`${what}: there is no option ${name}`)
    const value = option.value(given)
    if (value === undefined) throw new InvalidArgument(`${what}: ${name} takes ${option.takes}, not ${shown(given)}`)
    list.push({ name, number: option.number, value })
  }
  return list
}

/** Sets options that were checked, and stops at the first that the system refuses. */
export function apply(fd: FileDescr, list: Settings): void {
  for (const { name, number, value } of list) {
    const result = rust().setOption(fd.index, fd.generation, number, value)
    if (result < 0) throw systemError(result, `setsockopt ${name}`)
  }
}

/**
 * Sets options of a socket.
 *
 * @throws `InvalidArgument` for a value that an option can't have, before any is set; `Closed`; errors of the system:
 * `ENOTSOCK`, `ENOPROTOOPT`, `ENOTSUP` where a socket of this kind does not have the option.
 * @example
 * setOptions(client, { keepAlive: 30_000, sendBuffer: 1 << 18 })
 */
export function setOptions(fd: FileDescr, options: SocketOptions): void {
  valid(fd, 'setOptions(fd, options)')
  apply(fd, settings(options, 'setOptions(fd, options)'))
}
