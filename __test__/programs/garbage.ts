import fc from 'fast-check'
import { native } from '../../dist/native.js'
import { ringBytes, words } from '../../dist/ring.js'
import { worldBytes } from '../../dist/world.js'

/*
 * Calls whatever the core gives to JavaScript with arguments of all kinds, in between with words of the ring that make no
 * sense. It is to throw or to answer; a crash or a hang ends the test.
 */

const seed = Number(process.argv[2])
native.begin(ringBytes, worldBytes, () => {})

/** Not `adopt`, which would take what Node needs, `park`, which only sleeps, `print`, which writes. */
const left = new Set(['adopt', 'park', 'print'])
const functions = Object.keys(native).filter((name) => !left.has(name))

const integer = fc.oneof(
  fc.integer({ min: -2, max: 16 }),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  fc.constantFrom(1024, 1025, 1 << 20, 65_536, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 31)),
)
const number = fc.oneof(
  { weight: 6, arbitrary: integer },
  fc.double(),
  fc.constantFrom(Number.NaN, Infinity, -Infinity, -0),
)
const addresses = ['127.0.0.1', '::1', '::%lo', '::1%4294967295', '255.255.255.255', '', '\0abstract', 'x'.repeat(300)]
const address = fc
  .tuple(fc.constantFrom(0, 1, 4, 6, 255), fc.nat(65_535), fc.constantFrom(...addresses))
  .map(([family, port, text]) => Buffer.from([family, port & 255, port >> 8, ...Buffer.from(text)]))
const detached = new Uint8Array(8)
structuredClone(detached.buffer, { transfer: [detached.buffer] })
const bytes = fc.oneof(
  address,
  fc.uint8Array({ maxLength: 70_000 }).map(Buffer.from),
  fc.constantFrom<Uint8Array>(new Uint8Array(0), detached, ringBytes.subarray(0, 64), new Uint8Array(1 << 21)),
)
const odd = fc.oneof(
  fc.anything({ withBigInt: true, withTypedArray: true }),
  fc.constantFrom<unknown>(Symbol('odd'), () => 1, new Proxy({}, {}), native),
)
const argument = fc.oneof(
  { weight: 12, arbitrary: number },
  { weight: 3, arbitrary: bytes },
  { weight: 2, arbitrary: fc.boolean() },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(undefined, null, 'a name', '') },
  { weight: 1, arbitrary: odd },
)
const call = fc.record({
  name: fc.constantFrom(...functions),
  args: fc.oneof(
    { weight: 8, arbitrary: fc.array(argument, { minLength: 7, maxLength: 7 }) },
    { weight: 1, arbitrary: fc.array(argument, { maxLength: 3 }) },
  ),
})
const header = fc.record({ word: fc.nat(8), value: integer })
const submission = fc.record({ code: fc.integer({ min: -1, max: 10 }), words: fc.array(integer, { maxLength: 7 }) })

let threw = 0
let returned = 0

function perform({ name, args }: { name: string; args: unknown[] }): void {
  try {
    Reflect.apply((native as unknown as Record<string, () => unknown>)[name]!, undefined, args)
    returned++
  } catch {
    threw++
  }
}

function submit(code: number, values: number[]): void {
  const count = Math.max(0, Math.min(words[0]!, 127))
  for (const [i, value] of [code, ...values].entries()) words[16 + count * 8 + i] = value
  words[0] = count + 1
}

fc.assert(
  fc.property(
    fc.array(call, { minLength: 20, maxLength: 20 }),
    fc.array(header, { maxLength: 2 }),
    fc.array(submission, { maxLength: 20 }),
    (calls, headers, asked) => {
      for (const { word, value } of headers) words[word] = value
      for (const { code, words: values } of asked) submit(code, values)
      for (const one of calls) perform(one)
      words[1] = 0
      words[2] = 0
    },
  ),
  { seed, numRuns: 400 },
)
process.stdout.write(`done: ${threw} threw, ${returned} returned\n`)
process.exit(0)
