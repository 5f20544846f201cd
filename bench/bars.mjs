// Ratio bars with their spread, a panel a scenario.

import { line, page, rectangle, text } from './svg.mjs'

const WIDTH = 1080
const COLUMNS = 2
const ROW = 20
const BAR = 12
const TOP = 64
const HEAD = 42
const LABEL = 205
const NOTE = 135
const PLAIN = { whole: '#c3ccd6', inner: '#7d8b99' }
const OURS = { whole: '#f4b183', inner: '#c55a11' }

/**
 * @typedef {object} Bar
 * @property {string} label
 * @property {number} ratio how long the bar is; the reference line stands at 1
 * @property {number} [inner] the part of it in the darker colour
 * @property {number} low
 * @property {number} high the ends of the whisker
 * @property {string} note
 * @property {boolean} [ours]
 */

/**
 * Draws panels of bars. A bar beyond `most` is cut and says its number.
 * @param {string} title
 * @param {string} legend what length and colours mean
 * @param {{ title: string, bars: Bar[] }[]} panels
 * @param {number} most the ratio at the right edge
 * @returns {string} an SVG file
 */
export function ratioBars(title, legend, panels, most = 3) {
  const children = [text(16, 26, title, { size: 17, weight: 600 }), text(16, 46, legend, { fill: '#57606a' })]
  const bottoms = Array(COLUMNS).fill(TOP)
  for (const panel of panels) {
    const column = bottoms.indexOf(Math.min(...bottoms))
    const x = column * (WIDTH / COLUMNS)
    children.push(...draw(panel, x, bottoms[column], most))
    bottoms[column] += HEAD + panel.bars.length * ROW + 14
  }
  return page(WIDTH, Math.max(...bottoms) + 6, title, children)
}

function draw({ title, bars }, x, y, most) {
  const left = x + 16 + LABEL
  const scale = (WIDTH / COLUMNS - 32 - LABEL - NOTE) / most
  const at = (ratio) => left + Math.min(ratio, most) * scale
  const bottom = y + HEAD + bars.length * ROW
  const parts = [text(x + 16, y + 18, title, { weight: 600, size: 13 })]
  for (let tick = 0; tick <= most; tick++) {
    parts.push(line(at(tick), y + HEAD - 6, at(tick), bottom, '#e4e8ec'))
    parts.push(text(at(tick), y + HEAD - 8, `${tick}`, { anchor: 'middle', size: 10, fill: '#8c959f' }))
  }
  for (const [i, bar] of bars.entries()) {
    const top = y + HEAD + i * ROW + (ROW - BAR) / 2
    const middle = top + BAR / 2
    const colour = bar.ours ? OURS : PLAIN
    parts.push(text(left - 8, middle + 4, bar.label, { anchor: 'end', weight: bar.ours ? 600 : undefined }))
    parts.push(rectangle(left, top, at(bar.ratio) - left, BAR, colour.whole))
    if (bar.inner !== undefined) parts.push(rectangle(left, top, at(bar.inner) - left, BAR, colour.inner))
    if (bar.low < most) {
      parts.push(line(at(bar.low), middle, at(bar.high), middle, '#24292f'))
      for (const end of [bar.low, bar.high]) {
        if (end <= most) parts.push(line(at(end), middle - 3, at(end), middle + 3, '#24292f'))
      }
    }
    parts.push(text(at(most) + 6, middle + 4, bar.note, { size: 11, fill: '#57606a' }))
  }
  parts.push(line(at(1), y + HEAD - 4, at(1), bottom, '#57606a', '3 2'))
  return parts
}
