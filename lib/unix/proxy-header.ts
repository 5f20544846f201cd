import { rust } from '../domain-thread.js'
import { EndOfFile } from '../errors.js'
import { Compound, currentTask, type Operation, type Suspension } from '../operation.js'
import type { FileDescr } from './descriptor.js'
import { MOST, type Parsed, type ProxyHeader, parse } from './proxy-parser.js'
import { read, streamOf } from './read.js'

export type { ProxyHeader }

const LABEL = 'proxyHeader(fd)'

/**
 * Reads the header of the PROXY protocol, version 1 or 2, with which a load balancer begins a connection that it passes
 * on: it says who the client is. Only for listeners that nobody but the balancer reaches, since whoever connects may say
 * what he likes. What comes after it is read next; so are all bytes where it is cancelled before the header is complete.
 *
 * @returns The header, of 4096 bytes at the most.
 * @throws `ProxyHeaderError` as soon as a byte comes that is not of such a header; `EndOfFile` where the stream ends before
 * it does; otherwise as `read`.
 * @example
 * const { source } = yield* Miou.timeout(5_000, () => proxyHeader(client))
 */
export function proxyHeader(fd: FileDescr): Operation<ProxyHeader> {
  streamOf(fd, LABEL, 'recvfrom')
  return new Compound(LABEL, () => header(fd))
}

function* header(fd: FileDescr): Generator<Suspension, ProxyHeader> {
  const task = currentTask(LABEL)
  const buf = Buffer.allocUnsafe(MOST)
  let length = 0
  let parsed: Parsed | undefined
  try {
    while (parsed === undefined) {
      const count = yield* read(fd, buf, { off: length })
      if (count === 0) throw new EndOfFile(`${LABEL}: the stream ended after ${length} bytes of the header`)
      length += count
      parsed = parse(buf.subarray(0, length))
    }
  } catch (error) {
    if (error === task.cancelled) giveBack(fd, buf.subarray(0, length))
    throw error
  }
  giveBack(fd, buf.subarray(parsed.length, length))
  return parsed.header
}

/** Bytes that are not of the header go back to the front. */
function giveBack(fd: FileDescr, bytes: Buffer): void {
  if (bytes.length > 0 && fd.index >= 0) rust().giveBytesBack(fd.index, fd.generation, bytes)
}
