// Latency curves: how long a message takes as the rate goes up.

import { element, line, page, text } from './svg.mjs'

const WIDTH = 960
const HEIGHT = 460
const LEFT = 70
const RIGHT = 200
const TOP = 84
const BOTTOM = 50
const COLOURS = ['#57606a', '#8250df', '#1a7f37', '#0969da', '#bf8700', '#cf222e', '#3192aa', '#a475f9', '#6e7781']
const OURS = '#c55a11'
/** Ours have one colour: what tells them apart. */
const DASHES = [undefined, '8 3', '3 3', '10 3 3 3', '1 3', '14 4']

/**
 * Draws one line a series over a logarithmic axis.
 * @param {string} title
 * @param {string[]} legend lines that say what the axes mean
 * @param {{ label: string, ours?: boolean, points: { x: number, y: number }[] }[]} series x: a share, 0 to 1; y: microseconds
 * @returns {string} an SVG file
 */
export function latencyCurves(title, legend, series) {
  const values = series.flatMap(({ points }) => points.map(({ y }) => y))
  const low = Math.floor(Math.log10(Math.min(...values)))
  const high = Math.ceil(Math.log10(Math.max(...values)))
  const x = (share) => LEFT + share * (WIDTH - LEFT - RIGHT)
  const y = (value) => HEIGHT - BOTTOM - ((Math.log10(value) - low) / (high - low || 1)) * (HEIGHT - TOP - BOTTOM)
  const children = [text(16, 26, title, { size: 17, weight: 600 })]
  for (const [i, content] of legend.entries()) children.push(text(16, 46 + 16 * i, content, { fill: '#57606a' }))
  for (let power = low; power <= high; power++) {
    children.push(line(x(0), y(10 ** power), x(1), y(10 ** power), '#e4e8ec'))
    children.push(text(x(0) - 8, y(10 ** power) + 4, microseconds(10 ** power), { anchor: 'end', size: 11 }))
  }
  for (let percent = 0; percent <= 100; percent += 20) {
    children.push(line(x(percent / 100), TOP, x(percent / 100), HEIGHT - BOTTOM, '#e4e8ec'))
    children.push(text(x(percent / 100), HEIGHT - BOTTOM + 18, `${percent} %`, { anchor: 'middle', size: 11 }))
  }
  const ends = labels(series.map(({ points }) => y(points[points.length - 1].y)))
  const own = series.filter(({ ours }) => ours)
  for (const [i, one] of series.entries()) {
    const { label, ours, points } = one
    const stroke = ours ? OURS : COLOURS[i % COLOURS.length]
    const dash = ours ? DASHES[own.indexOf(one) % DASHES.length] : undefined
    const path = points.map((point, k) => `${k === 0 ? 'M' : 'L'}${x(point.x).toFixed(1)} ${y(point.y).toFixed(1)}`)
    const style = { fill: 'none', stroke, 'stroke-width': ours ? 2.5 : 1.5, 'stroke-dasharray': dash }
    children.push(element('path', { d: path.join(''), ...style }))
    for (const point of points)
      children.push(element('circle', { cx: x(point.x), cy: y(point.y), r: 2.5, fill: stroke }))
    const last = points[points.length - 1]
    children.push(line(x(last.x) + 4, y(last.y), x(1) + 8, ends[i], stroke, '1 2'))
    children.push(text(x(1) + 12, ends[i] + 4, label, { fill: stroke, weight: ours ? 600 : undefined }))
  }
  return page(WIDTH, HEIGHT, title, children)
}

/** Heights of the labels: as near to the lines' ends as they can be without lying on each other. */
function labels(heights) {
  const GAP = 16
  const order = heights.map((_, i) => i).sort((a, b) => heights[a] - heights[b])
  const placed = []
  let least = TOP
  for (const i of order) {
    placed[i] = Math.max(heights[i], least)
    least = placed[i] + GAP
  }
  // Those that were pushed below the picture push back.
  let most = HEIGHT - BOTTOM
  for (const i of order.reverse()) {
    placed[i] = Math.min(placed[i], most)
    most = placed[i] - GAP
  }
  return placed
}

const microseconds = (value) =>
  value >= 1e6 ? `${value / 1e6} s` : value >= 1000 ? `${value / 1000} ms` : `${value} us`
