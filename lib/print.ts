import { format } from 'node:util'
import { rust } from './domain-thread.js'

/**
 * Writes one line to standard output, at once, formatted as `console.log` does; lines of different domains never mix and
 * keep their order. It waits for a reader that is slow, and is the one call that may hold a domain up.
 *
 * @example
 * Miou.print('listening on %d', port)
 */
export function print(...text: unknown[]): void {
  const line = Buffer.from(`${format(...text)}\n`)
  let written = 0
  do {
    const now = rust().print(line, written)
    // Nobody reads any more: as console.log does, the line is dropped.
    if (now < 0) return
    written = now
  } while (written < line.length)
}
