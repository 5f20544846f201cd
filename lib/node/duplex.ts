import { Duplex } from 'node:stream'
import { InvalidArgument } from '../errors.js'
import type { RunRecord } from '../run-record.js'
import { LONGEST } from '../timers.js'
import type { Address } from '../unix/address.js'
import { DATAGRAM, disown, FileDescr, gone, inUse, STREAM, shut, valid } from '../unix/descriptor.js'
import { endWithRun } from '../unix/leftovers.js'
import { address, peer } from '../unix/name.js'
import { type SocketOptions, setOptions } from '../unix/options.js'
import { shutdown } from '../unix/shutdown.js'
import { type Chunk, type Done, Reads, type Stream, Writes } from './sides.js'

/**
 * A descriptor of this domain as a stream of Node's. It reads and writes over the ring as a task would, without one: it is
 * called in the turn that brings what it waits for. Has what code for `net.Socket` asks for most.
 */
class Socket extends Duplex implements Stream {
  /** Bytes received, and bytes handed to the system. */
  bytesRead = 0
  bytesWritten = 0
  /** Milliseconds of `setTimeout`; 0: none. */
  timeout = 0
  /** It is connected from the start. */
  readonly connecting = false
  private readonly reads: Reads
  private readonly writes: Writes
  private readonly left: () => void
  private timer: NodeJS.Timeout | undefined
  private names: { local: Address | undefined; remote: Address | undefined } | undefined

  constructor(
    readonly fd: FileDescr,
    run: RunRecord | null,
  ) {
    super()
    this.reads = new Reads(this, fd)
    this.writes = new Writes(this, fd)
    this.left = endWithRun(run, () => this.destroy())
  }

  override _read(): void {
    this.reads.begin()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.writes.begin([{ chunk }], done)
  }

  override _writev(chunks: Chunk[], done: Done): void {
    this.writes.begin(chunks, done)
  }

  override _final(done: Done): void {
    try {
      if (this.fd.kind === STREAM) shutdown(this.fd, 'write')
    } catch {
      // The peer is gone already: whoever reads hears of it.
    }
    done()
  }

  override _destroy(error: Error | null, done: Done): void {
    clearTimeout(this.timer)
    this.left()
    shut(this.fd)
    done(error)
  }

  touch(): void {
    this.timer?.refresh()
  }

  /** Emits `timeout` after `ms` milliseconds in which nothing is read or written; 0: never. */
  setTimeout(ms: number, listener?: () => void): this {
    clearTimeout(this.timer)
    this.timeout = ms
    this.timer = ms > 0 ? setTimeout(() => this.emit('timeout'), Math.min(ms, LONGEST)).unref() : undefined
    if (listener !== undefined) {
      if (ms > 0) this.once('timeout', listener)
      else this.off('timeout', listener)
    }
    return this
  }

  setNoDelay(noDelay = true): this {
    return this.set({ noDelay })
  }

  /** `ms`: how long it is silent before the peer is asked; what the system has where it is 0. */
  setKeepAlive(on = false, ms = 0): this {
    return this.set({ keepAlive: on ? ms || 7_200_000 : false })
  }

  /** The run keeps the process alive, and nothing else of it does: agents of http call this for sockets that idle. */
  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  private set(options: SocketOptions): this {
    try {
      if (!this.destroyed && this.fd.kind === STREAM) setOptions(this.fd, options)
    } catch {
      // As `net.Socket` does: one that has failed meanwhile tells of that where it is read.
    }
    return this
  }

  /** Ends, and is destroyed once everything is written. */
  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.destroy()
    else this.once('finish', this.destroy)
  }

  /** Resets the connection: the peer hears of an error instead of an end. */
  resetAndDestroy(): this {
    this.set({ linger: 0 })
    return this.destroy()
  }

  /** The local address, as `net.Socket` gives it. */
  address(): { address?: string; port?: number | undefined; family?: string | undefined } {
    const { localAddress, localPort, localFamily } = this
    if (localAddress === undefined) return {}
    return { address: localAddress, port: localPort, family: localFamily }
  }

  get remoteAddress(): string | undefined {
    return host(this.name().remote)
  }

  get remotePort(): number | undefined {
    return port(this.name().remote)
  }

  get remoteFamily(): string | undefined {
    return family(this.name().remote)
  }

  get localAddress(): string | undefined {
    return host(this.name().local)
  }

  get localPort(): number | undefined {
    return port(this.name().local)
  }

  get localFamily(): string | undefined {
    return family(this.name().local)
  }

  private name(): { local: Address | undefined; remote: Address | undefined } {
    this.names ??= { local: known(() => address(this.fd)), remote: known(() => peer(this.fd)) }
    return this.names
  }
}

function known(name: () => Address): Address | undefined {
  try {
    return name()
  } catch {
    return undefined
  }
}

function host(of: Address | undefined): string | undefined {
  return of === undefined || 'path' in of ? undefined : of.host
}

function port(of: Address | undefined): number | undefined {
  return of === undefined || 'path' in of ? undefined : of.port
}

function family(of: Address | undefined): string | undefined {
  return host(of)
    ?.replace(/.*:.*/, 'IPv6')
    .replace(/^[\d.]+$/, 'IPv4')
}

/**
 * Makes a stream of Node's out of a stream socket, a pipe or a terminal, for everything that runs on one: http, tls, ws,
 * pipelines. It takes the descriptor over: the handle is dead, an owned one is disowned, and the stream closes it. It ends
 * with the run that the descriptor belongs to, and does not keep the process alive beyond that. A server of http keeps its
 * `headersTimeout` and `requestTimeout` once it has emitted `listening`, which one that does not listen itself is told to.
 *
 * @throws `InvalidArgument` for a datagram socket, or where a task waits on the descriptor; `Closed`; `NotOwner` where
 * another task owns it.
 * @example
 * const server = http.createServer((request, response) => response.end('hello\n'))
 * server.emit('listening')
 * for (;;) {
 *   const [client] = yield* Unix.accept(listener)
 *   server.emit('connection', toDuplex(client))
 * }
 */
export function toDuplex(fd: FileDescr): Duplex {
  valid(fd, 'toDuplex(fd)')
  if (fd.kind === DATAGRAM)
    throw new InvalidArgument('toDuplex(fd) is for streams: datagrams go by recvfrom and sendto')
  if (inUse(fd)) throw new InvalidArgument('toDuplex(fd): a task waits on the descriptor that is to be taken over')
  disown(fd, 'toDuplex(fd)')
  const taken = new FileDescr(fd.index, fd.generation, fd.kind, null)
  gone(fd)
  return new Socket(taken, fd.run)
}
