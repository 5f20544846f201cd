// The results as Markdown.

import { curve, scenarios } from './scenarios.mjs'
import { figure, ratio } from './statistics.mjs'

const user = (sample) => sample.cpu_user_us
const all = (sample) => sample.cpu_all_us

/** Every scenario's table, under the machine and the versions. */
export function markdown(result) {
  const { machine, rounds, seconds, peers, missing, failures } = result
  const lines = [
    '# Results',
    '',
    `${machine.processor}, ${machine.cores} cores, ${machine.memory} GiB, ${machine.kernel}; ${result.date}; ${rounds} ${rounds === 1 ? 'round' : 'rounds'}.`,
    '',
    ...peers.map((peer) => `- ${peer.title}: ${peer.version}`),
    ...missing.map(({ peer, why }) => `- left out: ${peer} (${why})`),
    ...failed(failures),
  ]
  const disturbed = result.samples.filter((sample) => sample.disturbed).length
  if (disturbed > 0)
    lines.push(`- disturbed by something else on the machine: ${disturbed} of ${result.samples.length} measurements`)
  if (result.samples.length > 0) {
    lines.push(
      '',
      '# Echo servers',
      '',
      `Peers take turns; ${seconds} s each after the warm-up; the server on one core, the load on another. CPU is the`,
      "server's, in microseconds per message: in user space, and in all. Medians, with [smallest, largest]; ratios are medians",
      'of the ratios within a round. Latencies in microseconds; system calls per message under strace, in runs of their own.',
    )
  }
  for (const scenario of [...scenarios, ...curve]) {
    if (!result.samples.some((sample) => sample.scenario === scenario.name)) continue
    lines.push('', `## (${scenario.name}) ${scenario.title}`, '', ...table(result, scenario))
  }
  if (result.primitives.length > 0) {
    lines.push(
      '',
      '# Primitives',
      '',
      'Medians, with [smallest, largest]. Less is better, but of what is counted a second (/s). What is given was measured before,',
      'on a 2-core virtual machine with kernel 6.18.',
      '',
      ...primitiveTable(result.primitives),
    )
  }
  return `${lines.join('\n')}\n`
}

/** A line a peer and reason: in which scenarios. */
function failed(failures) {
  const lines = new Map()
  for (const { peer, scenario, why } of failures) {
    const key = `${peer}: ${why}`
    lines.set(key, (lines.get(key) ?? new Set()).add(scenario))
  }
  return [...lines].map(([key, names]) => `- failed: ${key} (in ${[...names].join(', ')})`)
}

function table(result, { name, load }) {
  const idle = load.includes('--idle')
  const head = [
    'peer',
    'user',
    'all',
    'all, to C',
    'messages/s',
    'p50',
    'p99',
    'p99.9',
    'calls',
    'MiB',
    idle ? 'B per idle' : 'B per connection',
  ]
  const rows = result.peers
    .filter((peer) => result.samples.some((sample) => sample.peer === peer.name && sample.scenario === name))
    .map((peer) => {
      const value = (field, digits = 0) => fixed(figure(result.samples, peer.name, name, field)?.median, digits)
      const calls = result.traced.find((entry) => entry.peer === peer.name && entry.scenario === name)
      return [
        peer.ours ? `**${peer.title}**` : peer.title,
        range(figure(result.samples, peer.name, name, user), 2),
        range(figure(result.samples, peer.name, name, all), 1),
        range(ratio(result.samples, peer.name, 'c-epoll', name, all), 2),
        value((sample) => sample.per_second),
        value((sample) => sample.p50_us),
        value((sample) => sample.p99_us),
        value((sample) => sample.p999_us),
        fixed(calls?.total, 2),
        value((sample) => sample.rss_connected / 2 ** 20, 1),
        value(idle ? perIdle : perConnection),
      ]
    })
  return grid(head, rows)
}

/** Fewer than this, and a runtime's own noise is most of what its memory grows by. */
const MANY = 500
const perIdle = (sample) => (sample.rss_idle - sample.rss_before) / sample.idle
const perConnection = (sample) =>
  sample.mode === 'echo' && sample.connections >= MANY
    ? (sample.rss_connected - sample.rss_idle) / sample.connections
    : Number.NaN

/** A row a peer, grouped by metric; what is ours stands first, and the others' ratio to it beside them. */
function primitiveTable(rows) {
  const head = ['metric', 'peer', 'median', 'to ours']
  return grid(
    head,
    rows.map(({ metric, peer, unit, median, min, max, count }) => {
      const own = rows.find((row) => row.metric === metric && row.peer === 'miou')
      const range =
        count === undefined ? significant(median) : `${significant(median)} [${significant(min)}, ${significant(max)}]`
      return [
        metric,
        peer === 'miou' ? '**miou**' : peer,
        `${range} ${unit}`,
        own ? significant(median / own.median) : '',
      ]
    }),
  )
}

/** A Markdown table whose first column is text. */
function grid(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)]
}

const fixed = (value, digits) => (Number.isFinite(value) ? value.toFixed(digits) : '')
const significant = (value) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3))

function range(spread, digits) {
  if (!spread) return ''
  const { median, min, max } = spread
  return `${fixed(median, digits)} [${fixed(min, digits)}, ${fixed(max, digits)}]`
}
