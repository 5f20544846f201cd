import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { connected, freePort } from './client.js'
import { sockets } from './machine.js'
import { Process } from './process.js'

/** Where a server is. */
export interface Backend {
  port: number
  /** Where it is checked, where that is another port. */
  health?: number
}

/** An haproxy in front of servers. It tells each of them who the client is: versions 2 and 1 of its protocol in turn. */
export class Haproxy {
  private constructor(
    readonly process: Process,
    /** Where clients connect. */
    readonly port: number,
    private readonly socket: string,
  ) {}

  static async start(t: ExecutionContext, backends: Backend[]): Promise<Haproxy> {
    const folder = mkdtempSync(join(sockets, 'miou-haproxy-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    const [port, socket, file] = [await freePort(), join(folder, 'socket'), join(folder, 'haproxy.cfg')]
    const servers = backends.map(({ port, health }, i) => {
      const version = i % 2 === 0 ? 'send-proxy-v2' : 'send-proxy'
      const check = health === undefined ? 'check-send-proxy' : `port ${health}`
      return `  server s${i} 127.0.0.1:${port} ${version} check inter 20ms rise 1 fall 1 ${check}`
    })
    const lines = [
      'global',
      `  stats socket ${socket} level admin`,
      'defaults',
      '  mode tcp',
      '  timeout connect 5s',
      '  timeout client 30s',
      '  timeout server 30s',
      'listen echo',
      `  bind 127.0.0.1:${port}`,
      '  balance roundrobin',
      ...servers,
    ]
    writeFileSync(file, `${lines.join('\n')}\n`)
    const haproxy = new Haproxy(new Process(t, 'haproxy', ['-db', '-f', file]), port, socket)
    const first = await connected(port)
    first.socket.destroy()
    return haproxy
  }

  /** Stops sending new clients to a server; those that it has stay. */
  async drain(server: number): Promise<void> {
    await this.ask(`set server echo/s${server} state drain`)
  }

  /** Sends clients to a server again, and waits until it is found to be up. */
  async admit(server: number): Promise<void> {
    await this.ask(`set server echo/s${server} state ready`)
    await this.until(server, 'UP')
  }

  /** Waits until the checks say that a server is `UP` or `DOWN`. */
  async until(server: number, state: string): Promise<void> {
    for (;;) {
      const line = (await this.ask('show stat')).split('\n').find((row) => row.startsWith(`echo,s${server},`))
      if (line!.split(',')[17] === state) return
    }
  }

  /** Gives a command to the running haproxy, and returns what it says. */
  private async ask(command: string): Promise<string> {
    const socket = connect(this.socket)
    let said = ''
    socket.setEncoding('utf8').on('data', (text) => {
      said += text
    })
    socket.end(`${command}\n`)
    await once(socket, 'close')
    return said
  }
}
