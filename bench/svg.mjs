// As much SVG as the plots need: elements, text and a page.

const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escape = (text) => String(text).replace(/[&<>"]/g, (character) => ENTITIES[character])

/**
 * One element. Numbers are rounded to a tenth of a pixel; children are elements, and are not escaped.
 * @example element('rect', { x: 0, y: 0, width: 10, height: 10, fill: '#888' })
 */
export function element(name, attributes, ...children) {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? Math.round(value * 10) / 10 : escape(value)}"`)
    .join('')
  return children.length === 0 ? `<${name}${written}/>` : `<${name}${written}>${children.join('')}</${name}>`
}

export const rectangle = (x, y, width, height, fill) =>
  element('rect', { x, y, width: Math.max(width, 0), height, fill })

export const line = (x1, y1, x2, y2, stroke, dash) =>
  element('line', { x1, y1, x2, y2, stroke, 'stroke-width': 1, 'stroke-dasharray': dash })

/** Text on its baseline; `style`: anchor, size, weight and fill as SVG calls them. */
export const text = (x, y, content, { anchor = 'start', size = 12, weight, fill = '#24292f' } = {}) =>
  element('text', { x, y, 'text-anchor': anchor, 'font-size': size, 'font-weight': weight, fill }, escape(content))

/** A whole picture on white, so that it reads on dark pages too. */
export function page(width, height, title, children) {
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: 'img',
    'font-family': 'system-ui, sans-serif',
  }
  const content = [element('title', {}, escape(title)), rectangle(0, 0, width, height, '#ffffff'), ...children]
  return `${element('svg', attributes, `\n${content.join('\n')}\n`)}\n`
}
