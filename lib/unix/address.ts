import { isIP } from 'node:net'
import { InvalidArgument } from '../errors.js'
import { ADDRESS, receiveArea } from '../ring.js'
import { shown } from '../shown.js'

/** Where a socket is bound or connects to: a literal address and a port, or the path of a Unix-domain socket. */
export type Address = { host: string; port: number } | { path: string }

const NONE = 0
const PATH = 1
/** Characters of a path that cross. The systems take about a hundred bytes. */
const LONG = 1024
/** Bytes before the text: the family, and the port. */
const HEADER = 3

/** An address as it crosses to Rust: a family byte, the port, then text. */
export function encode(address: Address, what: string): Buffer {
  if (typeof address !== 'object' || address === null) throw invalid(what)
  if ('path' in address) {
    const { path } = address
    if (typeof path !== 'string' || path === '' || path.includes('\0'))
      throw new InvalidArgument(`${what}: the path of a socket is a string`)
    // A longer one is too long for every system, which says so; here it would be too long for the ring.
    return Buffer.from(`\x01\0\0${path.slice(0, LONG)}`)
  }
  const { host, port } = address
  if (typeof host !== 'string') throw invalid(what)
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new InvalidArgument(`${what}: a port is a whole number from 0 to 65535, not ${shown(port)}`)
  }
  if (host !== lastLiteral) {
    // No interface has a name that is so long, and the ring has no room for it.
    if (isIP(host) === 0 || host.length > ADDRESS - HEADER) {
      throw new InvalidArgument(`${what}: ${shown(host)} is no literal address: resolve names with Unix.resolve`)
    }
    lastLiteral = host
  }
  const bytes = Buffer.from(`\x04\0\0${host}`, 'latin1')
  bytes.writeUInt16LE(port, 1)
  return bytes
}

function invalid(what: string): InvalidArgument {
  return new InvalidArgument(`${what} takes an address: { host: '127.0.0.1', port: 3000 } or { path: '/run/app.sock' }`)
}

/** The host that was found to be a literal address last: many datagrams go to the same one. */
let lastLiteral = ''

// Peers come from few hosts: the text of the last one is kept instead of made again.
let lastHost = ''
let lastLength = 0
const lastText = new Uint8Array(ADDRESS)

/** The address that lies at `offset` of the receive area. */
export function received(offset: number, length: number): Address {
  return decode(receiveArea, offset, length)
}

/** Reads an encoded address. A socket without a name has the empty path. */
export function decode(bytes: Buffer, offset: number, length: number): Address {
  const family = bytes[offset]!
  const end = offset + length
  if (family === NONE) return { path: '' }
  if (family === PATH) return { path: bytes.toString('utf8', offset + 3, end) }
  const port = bytes[offset + 1]! | (bytes[offset + 2]! << 8)
  if (!isLast(bytes, offset + 3, length - 3)) {
    lastHost = bytes.toString('latin1', offset + 3, end)
    lastLength = lastHost.length
    for (let i = 0; i < lastLength; i++) lastText[i] = lastHost.charCodeAt(i)
  }
  return { host: lastHost, port }
}

/** Whether the text at `offset` is the last one. Not by `compare`, which takes 1.5 us. */
function isLast(bytes: Buffer, offset: number, length: number): boolean {
  if (length !== lastLength) return false
  for (let i = 0; i < length; i++) if (lastText[i] !== bytes[offset + i]) return false
  return true
}
