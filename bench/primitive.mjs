// The primitives: every metric of every peer, in rounds, each in a process of its own.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { tied } from './children.mjs'
import { cores } from './machine.mjs'
import { program } from './packages.mjs'
import { progress } from './progress.mjs'
import { spread } from './statistics.mjs'
import { Missing, reason } from './toolchain.mjs'

const host = fileURLToPath(new URL('host.mjs', import.meta.url))
const execute = promisify(execFile)
const LIMIT = 120_000

/**
 * Measures the primitives of some files.
 * @param {string[]} files names of primitives/*.mjs
 * @param {number} rounds
 * @returns {Promise<{ primitives: object[], missing: object[], failures: object[] }>} a row a metric and peer, with its
 *   spread over the rounds; what is not there; what was and failed, each time that it did
 */
export async function measurePrimitives(files, rounds) {
  let node
  try {
    node = program('', 'node26', 'bin/node')
  } catch (error) {
    if (!(error instanceof Missing)) throw error
    return { primitives: [], missing: [{ peer: 'the primitives', why: error.message }], failures: [] }
  }
  const rows = []
  for (const file of files) {
    const { default: metrics } = await import(new URL(`primitives/${file}.mjs`, import.meta.url).href)
    for (const metric of metrics) {
      for (const peer of Object.keys(metric.peers)) rows.push({ file, metric, peer, values: [] })
    }
  }
  const missing = []
  const failures = []
  let done = 0
  for (let round = 1; round <= rounds; round++) {
    for (const row of rows) {
      const outcome = await once(node, row)
      const { value, missing: lacks, failed } = outcome
      if (value !== undefined) row.values.push(value)
      else if (failed !== undefined) failures.push({ peer: row.peer, scenario: row.metric.name, round, why: failed })
      else if (round === 1) missing.push({ peer: `${row.peer}, ${row.metric.name}`, why: lacks })
      const text = lacks ?? failed ?? `${value.toPrecision(4)} ${row.metric.unit}`
      progress(++done, rows.length * rounds, `round ${round}  ${row.metric.name}  ${row.peer}: ${text}`)
    }
  }
  const measured = rows.filter(({ values }) => values.length > 0).map(finish)
  return {
    primitives: [...new Set(rows.map(({ metric }) => metric))].flatMap((metric) => [
      ...measured.filter((row) => row.metric === metric.name),
      ...given(metric),
    ]),
    missing,
    failures,
  }
}

async function once(node, { file, metric, peer }) {
  try {
    const args = ['-c', cores().two, node, '--expose-gc', host, file, peer, metric.name]
    const running = execute('taskset', args, { timeout: LIMIT, killSignal: 'SIGKILL' })
    tied(running.child)
    return JSON.parse((await running).stdout)
  } catch (error) {
    return { failed: error.killed ? `no end in ${LIMIT / 1000} s` : reason(error) }
  }
}

const finish = ({ file, metric, peer, values }) => ({
  primitive: file,
  metric: metric.name,
  unit: metric.unit,
  peer,
  ...spread(values),
})

/** Figures of what is not installed here, measured before on a machine of this kind. */
function given(metric) {
  return Object.entries(metric.given ?? {}).map(([peer, value]) => {
    return { metric: metric.name, unit: metric.unit, peer: `${peer} (given)`, median: value, min: value, max: value }
  })
}
