import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { ExecutionContext } from 'ava'
import { type Ended, miou, type Process } from './process.js'

/** What `miou echo --json` says of a domain at its end. */
export interface Served {
  domain: number
  connections: number
  bytes: number
  failed: number
  expired: number
  cut: number
}

/** A `miou echo` that listens. */
export interface Server {
  process: Process
  port: number
  domains: number
}

/** Starts `miou echo` on a free port, with these further arguments. */
export async function serving(t: ExecutionContext, domains = 2, node?: string, more: string[] = []): Promise<Server> {
  return listens(t, miou(t, ['echo', '--port', '0', '--json', '--domains', String(domains), ...more], node), domains)
}

/** The server that a process is, once it says that it listens. */
export async function listens(t: ExecutionContext, process: Process, domains: number): Promise<Server> {
  const said = JSON.parse(await process.line(0))
  t.is(said.event, 'listening')
  t.is(said.domains, domains)
  return { process, port: said.port, domains }
}

/** Checks that a server has ended in order, and gives what it said that it served. */
export function report(t: ExecutionContext, { code, stdout, stderr }: Ended): Served[] {
  t.is(stderr, '')
  t.is(code, 0)
  const lines = stdout.trimEnd().split('\n')
  t.is(lines.length, 2)
  const { event, domains } = JSON.parse(lines[1]!)
  t.is(event, 'served')
  return domains
}

/** Ends a server in order. */
export async function stop(t: ExecutionContext, { process }: Server): Promise<Served[]> {
  process.kill('SIGINT')
  return report(t, await process.ended)
}

/** Adds up what all domains served. */
export function total(served: Served[]): { connections: number; bytes: number; failed: number } {
  const { connections, bytes, failed } = sums(served)
  return { connections, bytes, failed }
}

/** Likewise, with those that a limit ended. */
export function sums(served: Served[]): Omit<Served, 'domain'> {
  const sum = { connections: 0, bytes: 0, failed: 0, expired: 0, cut: 0 }
  for (const one of served) for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += one[name]
  return sum
}

/** How many sockets a process holds beside its standard streams, as /proc has it; undefined where there is no /proc. */
export function sockets(pid: number): number | undefined {
  if (globalThis.process.platform !== 'linux') return undefined
  let count = 0
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    if (Number(fd) <= 2) continue
    try {
      if (readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith('socket:')) count++
    } catch {
      // It was closed meanwhile.
    }
  }
  return count
}

/** Bytes of memory that a process holds, as /proc has it; undefined where there is no /proc. */
export function memory(pid: number): number | undefined {
  if (globalThis.process.platform !== 'linux') return undefined
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024
}
