import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { connected, freePort } from './client.js'
import { Process } from './process.js'

/** An haproxy in front of servers, of which it says to each who the client is: versions 2 and 1 of its protocol in turn. */
export class Haproxy {
  private constructor(
    readonly process: Process,
    /** Where clients connect. */
    readonly port: number,
    private readonly socket: string,
  ) {}

  static async start(t: ExecutionContext, ports: number[]): Promise<Haproxy> {
    const folder = mkdtempSync(join(tmpdir(), 'miou-haproxy-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    const [port, socket, file] = [await freePort(), join(folder, 'socket'), join(folder, 'haproxy.cfg')]
    const servers = ports.map((at, i) => {
      const version = i % 2 === 0 ? 'send-proxy-v2' : 'send-proxy'
      return `  server s${i} 127.0.0.1:${at} check inter 20ms ${version} check-send-proxy`
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
    for (;;) {
      const line = (await this.ask('show stat')).split('\n').find((row) => row.startsWith(`echo,s${server},`))
      if (line!.split(',')[17] === 'UP') return
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
