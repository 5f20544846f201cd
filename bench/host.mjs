// Runs one metric of one primitive for one peer, in a process of its own: nobody's code is optimised for somebody else's.
//
//   node --expose-gc host.mjs spawn miou "spawn and await"

import { Missing } from './toolchain.mjs'

/** A measurement is made of as many operations as take this long, ns. */
const LONG = 200e6
const MOST = 10_000_000
const LAPS = 5
const SCALE = { ns: 1, us: 1e3, ms: 1e6, bytes: 1, '%': 1, '/s': 1 }

const [file, peer, name] = process.argv.slice(2)
const { default: metrics } = await import(new URL(`primitives/${file}.mjs`, import.meta.url).href)
const { unit, peers, count: fixed } = metrics.find((metric) => metric.name === name)

try {
  const count = fixed ?? (await calibrate(peers[peer]))
  const laps = []
  for (let i = 0; i < (fixed ? 1 : LAPS); i++) laps.push((await peers[peer](count)) / count / SCALE[unit])
  laps.sort((a, b) => a - b)
  console.log(JSON.stringify({ value: laps[laps.length >> 1], unit, count }))
  process.exit(0)
} catch (error) {
  if (!(error instanceof Missing)) throw error
  console.log(JSON.stringify({ missing: error.message }))
  process.exit(0)
}

/** How many operations are long enough; on the way everything becomes warm. */
async function calibrate(lap) {
  for (let count = 1; ; ) {
    const elapsed = await lap(count)
    if (elapsed >= LONG || count >= MOST) return count
    const wanted = elapsed > 0 ? (count * LONG * 1.2) / elapsed : MOST
    count = Math.ceil(Math.min(MOST, wanted, count * 10))
  }
}
