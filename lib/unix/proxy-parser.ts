import { isIPv4, isIPv6, SocketAddress } from 'node:net'
import { ProxyHeaderError } from '../errors.js'
import type { Address } from './address.js'

/*
 * Headers of the PROXY protocol, versions 1 and 2, as haproxy defines them (doc/proxy-protocol.txt). What comes is a
 * stranger's: a byte that can't belong to a header is refused as soon as it is there, and no header is longer than MOST.
 */

/** What a load balancer says of a connection that it passes on. */
export interface ProxyHeader {
  version: 1 | 2
  /** The client; undefined where the balancer speaks for itself (a health check), or does not know. */
  source: Address | undefined
  /** What the client has connected to; undefined as `source`. */
  destination: Address | undefined
  /** Further values of version 2, in their order: the name that a client of TLS asked for, say, is of type 2. */
  values: { type: number; value: Uint8Array }[]
}

/** A header, and how many bytes it takes. */
export interface Parsed {
  header: ProxyHeader
  length: number
}

/** Bytes that a header may have at most. Addresses take 232 of them; version 1 never has more than 107. */
export const MOST = 4096

/** The longest line of version 1, its end included. */
const LINE = 107

const WORD = Buffer.from('PROXY ', 'latin1')
const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
/** The signature, version and command, family, length. */
const FIXED = 16

/**
 * Reads the header that `bytes` begin with; undefined where more bytes are needed to tell.
 *
 * @throws `ProxyHeaderError` where no header begins so.
 */
export function parse(bytes: Buffer): Parsed | undefined {
  if (bytes.length === 0) return undefined
  if (bytes[0] === WORD[0]) return line(bytes)
  return binary(bytes)
}

function refuse(why: string): never {
  throw new ProxyHeaderError(`the peer sent no PROXY protocol header: ${why}`)
}

/** Whether `bytes` begin with `start`, as far as they go. */
function begins(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length)
  return bytes.compare(start, 0, length, 0, length) === 0
}

/** Version 1: a line of text. */
function line(bytes: Buffer): Parsed | undefined {
  if (!begins(bytes, WORD)) refuse('it does not begin with one')
  const within = bytes.subarray(0, LINE)
  const feed = within.indexOf('\n')
  const end = within.indexOf('\r')
  if (feed < 0 && (end < 0 || end === within.length - 1)) {
    if (bytes.length >= LINE) refuse(`its line does not end within ${LINE} bytes`)
    return undefined
  }
  if (feed !== end + 1) refuse('its line does not end with CR LF')
  return { header: words(within.toString('latin1', WORD.length, end)), length: feed + 1 }
}

function words(text: string): ProxyHeader {
  const header: ProxyHeader = { version: 1, source: undefined, destination: undefined, values: [] }
  if (text === 'UNKNOWN' || text.startsWith('UNKNOWN ')) return header
  const [family, source, destination, from, to, ...more] = text.split(' ')
  const isHost = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isLiteral6 : refuse('its family is unknown')
  if (to === undefined || more.length > 0) refuse('it takes two addresses and two ports')
  if (!isHost(source!) || !isHost(destination!)) refuse(`what stands for an address is none of ${family}`)
  header.source = { host: canonical(source!), port: port(from!) }
  header.destination = { host: canonical(destination!), port: port(to) }
  return header
}

/** An IPv6 address without a zone. */
function isLiteral6(text: string): boolean {
  return isIPv6(text) && !text.includes('%')
}

/** An address as `peer` would give it. */
function canonical(host: string): string {
  return host.includes(':') ? new SocketAddress({ address: host, family: 'ipv6' }).address : host
}

function port(text: string): number {
  if (!/^(0|[1-9]\d{0,4})$/.test(text) || Number(text) > 65535) refuse('what stands for a port is none')
  return Number(text)
}

/** Bytes of a pair of addresses, by their family. */
const SIZES = [0, 12, 36, 216]

/** Version 2: bytes. */
function binary(bytes: Buffer): Parsed | undefined {
  if (!begins(bytes, SIGNATURE)) refuse('it does not begin with one')
  const [version, kind] = [bytes[12], bytes[13]]
  if (version !== undefined && version !== 0x20 && version !== 0x21) refuse('its version or its command is unknown')
  const local = version === 0x20
  if (kind !== undefined && !local && !known(kind)) refuse('its family is unknown')
  if (bytes.length < FIXED) return undefined
  const length = FIXED + bytes.readUInt16BE(14)
  if (length > MOST) refuse(`it is longer than ${MOST} bytes`)
  const family = kind! >> 4
  // What a balancer says for itself is skipped, whatever it is.
  if (!local && length < FIXED + SIZES[family]!) refuse('it is too short for its addresses')
  if (bytes.length < length) return undefined
  const header: ProxyHeader = { version: 2, source: undefined, destination: undefined, values: [] }
  if (!local && family !== 0) {
    addresses(header, family, bytes.subarray(FIXED, FIXED + SIZES[family]!))
    header.values = values(bytes.subarray(FIXED + SIZES[family]!, length))
  }
  return { header, length }
}

/** Families: unspecified, IPv4, IPv6, paths; for each a stream or datagrams. */
function known(kind: number): boolean {
  const [family, transport] = [kind >> 4, kind & 15]
  return kind === 0 || (family >= 1 && family <= 3 && transport >= 1 && transport <= 2)
}

function addresses(header: ProxyHeader, family: number, bytes: Buffer): void {
  if (family === 3) {
    header.source = { path: path(bytes.subarray(0, 108)) }
    header.destination = { path: path(bytes.subarray(108)) }
    return
  }
  const size = family === 1 ? 4 : 16
  const host = family === 1 ? host4 : host6
  header.source = { host: host(bytes.subarray(0, size)), port: bytes.readUInt16BE(2 * size) }
  header.destination = { host: host(bytes.subarray(size, 2 * size)), port: bytes.readUInt16BE(2 * size + 2) }
}

function path(bytes: Buffer): string {
  const end = bytes.indexOf(0)
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end)
}

function host4(bytes: Buffer): string {
  return bytes.join('.')
}

function host6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16))
  return canonical(groups.join(':'))
}

/** A type, a length and a value each, to the last byte. */
function values(bytes: Buffer): ProxyHeader['values'] {
  const list: ProxyHeader['values'] = []
  for (let at = 0; at < bytes.length; ) {
    const start = at + 3
    const end = start <= bytes.length ? start + bytes.readUInt16BE(at + 1) : Infinity
    if (end > bytes.length) refuse('a value in it is cut off')
    list.push({ type: bytes[at]!, value: bytes.subarray(start, end) })
    at = end
  }
  return list
}
