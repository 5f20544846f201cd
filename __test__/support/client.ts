import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A client over node:net: what is tested is not tested by itself. */
export class Client {
  private received: Buffer[] = []
  private length = 0
  private over = false
  private failure: NodeJS.ErrnoException | undefined
  private changed: () => void = () => {}

  private constructor(readonly socket: Socket) {
    socket.on('data', (bytes) => {
      this.received.push(bytes)
      this.length += bytes.length
      this.changed()
    })
    socket.on('end', () => {
      this.over = true
      this.changed()
    })
    socket.on('error', (error) => {
      this.failure = error
      this.changed()
    })
  }

  /** Connects to a port of this machine; rejects with the system's error. */
  static async connect(port: number): Promise<Client> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
    await once(socket, 'connect')
    return new Client(socket)
  }

  send(bytes: Uint8Array | string): void {
    this.socket.write(bytes)
  }

  /** Ends its side: it sends no more. */
  end(): void {
    this.socket.end()
  }

  /** The next `length` bytes, or fewer where the stream ends. */
  async take(length: number): Promise<Buffer> {
    await this.until(() => this.length >= length || this.over)
    const all = Buffer.concat(this.received)
    const bytes = all.subarray(0, length)
    this.received = [all.subarray(length)]
    this.length = all.length - bytes.length
    return bytes
  }

  /** Everything up to the end of the stream. */
  async rest(): Promise<Buffer> {
    await this.until(() => this.over)
    return this.take(this.length)
  }

  /** Sends bytes and reads what comes back for them; whether it is the same. */
  async echoes(bytes: Buffer | string): Promise<boolean> {
    const sent = Buffer.from(bytes)
    this.send(sent)
    return sent.equals(await this.take(sent.length))
  }

  /** Breaks the connection off: the server gets a reset. */
  reset(): void {
    this.socket.resetAndDestroy()
  }

  private async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.failure !== undefined) throw this.failure
      await new Promise<void>((resolve) => {
        this.changed = resolve
      })
    }
  }
}

/** Many clients at once. */
export function clients(count: number, port: number): Promise<Client[]> {
  return Promise.all(Array.from({ length: count }, () => Client.connect(port)))
}

/** A port that nobody listens on, below those that the system gives to whoever connects. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000)
    const server = createServer()
    const listens = await new Promise((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!listens) continue
    server.close()
    await once(server, 'close')
    return port
  }
}

/** Milliseconds within which whoever is to listen does. */
const PATIENCE = 20_000

/** Connects as soon as somebody listens. */
export async function connected(port: number): Promise<Client> {
  const began = performance.now()
  for (;;) {
    try {
      return await Client.connect(port)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ECONNREFUSED' || performance.now() - began > PATIENCE) throw error
    }
  }
}

/** Clients that connect, say something and leave, again and again. Anything that goes wrong is an error. */
export class Visitors {
  /** Visits that went well. */
  count = 0
  private over = false
  private readonly all: Promise<void[]>

  constructor(port: number, number: number) {
    this.all = Promise.all(Array.from({ length: number }, () => this.visit(port)))
    // Whoever waits for them hears of it.
    this.all.catch(() => {})
  }

  /** Waits for so many more visits. */
  async more(visits: number): Promise<void> {
    const wanted = this.count + visits
    while (this.count < wanted) await Promise.race([new Promise((resolve) => setTimeout(resolve, 1)), this.all])
  }

  /** Waits for those that are under way; no more begin. */
  async end(): Promise<void> {
    this.over = true
    await this.all
  }

  private async visit(port: number): Promise<void> {
    while (!this.over) {
      const client = await Client.connect(port)
      if (!(await client.echoes('hello'))) throw new Error('other bytes came back')
      client.end()
      await client.rest()
      this.count++
    }
  }
}
