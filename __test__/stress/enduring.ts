import { test } from '../support/case.js'
import { built, Process } from '../support/process.js'

/* What a server does for years leaves its heaps, descriptors and threads as they were. */

/** Bytes a time that count as growth: what is forgotten is an object at least, and an entry somewhere. */
const GROWTH = 80

const works: [string, number][] = [
  ['runs', 3000],
  ['runs with a domain', 1000],
  ['runs that end fatally', 1000],
  ['nested runs', 1000],
  ['calls', 3000],
  ['calls that throw', 2000],
  ['calls that are cancelled', 3000],
  ['calls with a descriptor', 3000],
  ['calls that give a resource', 3000],
  ['tasks that are cancelled', 5000],
  ['timeouts', 5000],
  ['hooks', 5000],
  ['shared objects', 3000],
  ['requests', 3000],
]

for (const [work, times] of works) {
  test(`${times} more ${work} leave heaps, descriptors and threads as they were`, async (t) => {
    const program = new Process(t, process.execPath, [built('dist-test/programs/enduring.js'), work, String(times)])
    const { code, stdout, stderr } = await program.ended
    t.is(stderr, '')
    t.is(code, 0)
    const { growth, descriptors, threads } = JSON.parse(stdout)
    t.log(`${growth} bytes a time`)
    t.true(growth < GROWTH, `${growth} bytes a time`)
    t.true(descriptors <= 0 && threads <= 0, `${descriptors} descriptors, ${threads} threads`)
  })
}
