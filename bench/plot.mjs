// The pictures of a result: which figures go into which.

import { ratioBars } from './bars.mjs'
import { latencyCurves } from './curves.mjs'
import { curve, scenarios } from './scenarios.mjs'
import { figure, ratio } from './statistics.mjs'

const user = (sample) => sample.cpu_user_us
const all = (sample) => sample.cpu_all_us
const p99 = (sample) => sample.p99_us

/**
 * @param {object} result as it is in results/*.json
 * @returns {Record<string, string | undefined>} SVG files by name; undefined where there are no figures for one
 */
export function plots(result) {
  const machine = `${result.machine.processor}, ${result.machine.cores} cores, ${result.machine.kernel}`
  return {
    cpu: cpu(result, machine),
    latency: latency(result, machine),
    primitives: primitives(result, machine),
  }
}

function cpu(result, machine) {
  const panels = scenarios
    .filter(({ share }) => !share)
    .map(({ name, title }) => ({ title: `(${name}) ${title}`, bars: cpuBars(result, name) }))
    .filter(({ bars }) => bars.length > 1)
  if (panels.length === 0) return undefined
  const legend = `to C with epoll; dark: the part in user space; medians of ${result.rounds} rounds, smallest to largest. ${machine}`
  return ratioBars("The server's CPU per message", legend, panels)
}

function cpuBars(result, scenario) {
  return result.peers.flatMap(({ name, title, ours }) => {
    const to = ratio(result.samples, name, 'c-epoll', scenario, all)
    if (!to) return []
    const whole = figure(result.samples, name, scenario, all).median
    const inner = figure(result.samples, name, scenario, user).median
    const note = `${to.median.toFixed(2)} (${inner.toFixed(2)} of ${whole.toFixed(1)} us)`
    const part = to.median * (inner / whole)
    return [{ label: title, ratio: to.median, inner: part, low: to.min, high: to.max, note, ours }]
  })
}

function latency(result, machine) {
  const series = result.peers
    .map(({ name, title, ours }) => ({
      label: title,
      ours,
      points: curve.flatMap(({ name: scenario, share }) => {
        const value = figure(result.samples, name, scenario, p99)
        return value ? [{ x: share, y: value.median }] : []
      }),
    }))
    .filter(({ points }) => points.length > 1)
  if (series.length === 0) return undefined
  const legend = '99 % of messages are answered within; 50 connections x 64 B, at a share of what C answers at most'
  return latencyCurves('Latency at a fixed rate', [legend, machine], series)
}

function primitives(result, machine) {
  const metrics = [...new Set(result.primitives.map(({ metric }) => metric))]
  const panels = metrics.flatMap((metric) => {
    const rows = result.primitives.filter((row) => row.metric === metric)
    const ours = rows.find(({ peer }) => peer === 'miou')
    if (!ours || rows.length < 2) return []
    const bars = rows.map(({ peer, median, min, max, unit }) => {
      // Of a rate, the time that one of its operations takes: shorter is better in every panel.
      const to = unit === '/s' ? (value) => ours.median / value : (value) => value / ours.median
      const [low, high] = [to(min), to(max)].sort((a, b) => a - b)
      const note = `${digits(to(median))} (${digits(median)} ${unit})`
      return { label: peer, ratio: to(median), low, high, note, ours: peer === 'miou' }
    })
    return [{ title: metric, bars }]
  })
  if (panels.length === 0) return undefined
  return ratioBars(
    'Primitives',
    `time or memory, to ours; shorter is better; smallest to largest. ${machine}`,
    panels,
    10,
  )
}

/** Three digits, without an exponent. */
const digits = (value) => (value >= 100 ? value.toFixed(0) : value.toPrecision(value >= 10 ? 3 : 2))
