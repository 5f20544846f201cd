import { spawnSync } from 'node:child_process'
import { fstatSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import type { ExecutionContext } from 'ava'

/** Whether the loopback has IPv6 here, which many a container has not: said in the test's output. */
export function hasIPv6(t: ExecutionContext): boolean {
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? [])
  const has = addresses.some(({ address }) => address === '::1')
  if (!has) t.log('skipped over IPv6: this machine has none')
  return has
}

/** How many descriptors a process may have here. */
export function mostDescriptors(): number {
  const said = spawnSync('/bin/sh', ['-c', 'ulimit -n']).stdout.toString().trim()
  return said === 'unlimited' ? 1 << 20 : Number(said)
}

/**
 * Where sockets of the file system may lie: a path of more than 103 bytes is too long for one, and the system's folder for
 * what is temporary may be deep.
 */
export const sockets = tmpdir().length < 60 ? tmpdir() : '/tmp'

/** Whether this process has no descriptor of that number. */
export function isFree(number: number): boolean {
  try {
    fstatSync(number)
    return false
  } catch {
    return true
  }
}
