// The machine that a result belongs to.

import { readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'

/** @returns {{ processor: string, cores: number, memory: number, kernel: string, load: number }} memory in GiB, load of the last minute */
export function machine() {
  return {
    processor: cpus()[0].model.trim(),
    cores: cpus().length,
    memory: Math.round(totalmem() / 2 ** 30),
    kernel: `${process.platform} ${release()}`,
    load: loadavg()[0],
  }
}

/** How server and load share the cores: apart from each other where one serves; beside each other where two must. */
export function cores() {
  const count = cpus().length
  if (count === 1) return { one: '0', two: '0', load: '0', loadOfTwo: '0' }
  return { one: '0', two: '0,1', load: '1', loadOfTwo: count === 2 ? '0,1' : '2' }
}

/**
 * The processors' idle share over `ms`; a benchmark on a machine that does something else measures that too.
 * @returns {Promise<number>} 0 to 1
 */
export async function idle(ms = 500) {
  const before = ticks()
  await new Promise((resolve) => setTimeout(resolve, ms))
  const after = ticks()
  return (after.idle - before.idle) / (after.all - before.all)
}

function ticks() {
  const fields = readFileSync('/proc/stat', 'utf8').split('\n')[0].trim().split(/\s+/).slice(1, 9).map(Number)
  return { idle: fields[3] + fields[4], all: fields.reduce((sum, value) => sum + value, 0) }
}
