import fc from 'fast-check'
import type { Door, Hang, Node, Plain, Reading, Step, Where, Wire } from './step.js'

/*
 * Random trees of tasks. What a task does while it holds a mutex never waits for another task, and mutexes are taken in
 * rising order, so that none of these programs can hang by its own fault.
 */

/** Where there is no other domain, a call ends its task: there are few. */
function place(domains: number): fc.Arbitrary<Where> {
  const calls = domains === 0 ? 1 : domains === 1 ? 5 : 10
  return fc.oneof(
    { weight: 10, arbitrary: fc.constant('async' as const) },
    { weight: calls, arbitrary: fc.constant('call' as const) },
  )
}

const child = fc.nat(5)

function plain(...ops: Plain['op'][]): fc.Arbitrary<Step> {
  return fc.constantFrom(...ops).map((op): Step => ({ op }))
}

const simple = plain('yield', 'own', 'socket', 'release', 'disown', 'enqueue', 'dequeue')
const sleep = fc.record({ op: fc.constant('sleep' as const), ms: fc.nat(2) })
const signal = fc.record({ op: fc.constant('signal' as const), condition: fc.nat(1), all: fc.boolean() })
const fail = fc.record({ op: fc.constant('fail' as const), id: fc.nat(1_000_000) })
const waitOr = fc.record({
  op: fc.constant('waitOr' as const),
  mutex: fc.nat(2),
  condition: fc.nat(1),
  ms: fc.nat(3),
})

/** What may stand between the locking of mutex `above` - 1 and its unlocking. */
function held(above: number): fc.Arbitrary<Step> {
  const quick = fc.oneof(
    { weight: 6, arbitrary: simple },
    { weight: 1, arbitrary: sleep },
    { weight: 2, arbitrary: signal },
    { weight: 1, arbitrary: fail },
  )
  return above > 2 ? quick : fc.oneof({ weight: 6, arbitrary: quick }, { weight: 1, arbitrary: lock(above) })
}

function lock(from: number): fc.Arbitrary<Step> {
  return fc.integer({ min: from, max: 2 }).chain((mutex) =>
    fc.record({
      op: fc.constant('lock' as const),
      mutex: fc.constant(mutex),
      style: fc.constantFrom('using' as const, 'protect' as const, 'unlock' as const),
      steps: fc.array(held(mutex + 1), { maxLength: 3 }),
    }),
  )
}

/** More than the system takes at once, now and then. */
const length = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: 1, max: 40 }) },
  { weight: 1, arbitrary: fc.integer({ min: 100_000, max: 400_000 }) },
)
const reading: fc.Arbitrary<Reading> = fc.record({
  how: fc.constantFrom('read' as const, 'view' as const, 'timeout' as const, 'race' as const, 'twins', 'pass'),
  length: fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 1, max: 40 }) },
    { weight: 1, arbitrary: fc.constant(65536) },
  ),
  turns: fc.nat(3),
})

/** A pair of sockets that is written and read. */
function wire(where: fc.Arbitrary<Where>): fc.Arbitrary<Wire> {
  return fc.record({
    op: fc.constant('wire' as const),
    where,
    writes: fc.array(fc.record({ length, turns: fc.nat(4) }), { maxLength: 5 }),
    reads: fc.array(reading, { maxLength: 8 }),
  })
}

/** A listener, and how its clients are accepted. */
const door: fc.Arbitrary<Door> = fc.record({
  op: fc.constant('door' as const),
  clients: fc.nat(4),
  accepts: fc.array(
    fc.record({ how: fc.constantFrom('accept' as const, 'timeout' as const, 'race' as const), turns: fc.nat(3) }),
    { maxLength: 8 },
  ),
})

const hows: Hang['how'][] = ['condition', 'suspend', 'sleep', 'spin', 'mutex', 'read', 'accept']

/** Random steps of a task whose children are at most `depth` deep. */
function step(depth: number, where: fc.Arbitrary<Where>): fc.Arbitrary<Step> {
  const leaf: fc.WeightedArbitrary<Step>[] = [
    { weight: 6, arbitrary: simple },
    { weight: 2, arbitrary: sleep },
    { weight: 2, arbitrary: signal },
    { weight: 3, arbitrary: lock(0) },
    { weight: 1, arbitrary: fail },
    { weight: 1, arbitrary: waitOr },
    { weight: 1, arbitrary: plain('force') },
    {
      weight: 1,
      arbitrary: fc.record({ op: fc.constant('complete' as const), cell: fc.nat(1), turns: fc.nat(3) }),
    },
  ]
  if (depth === 0) return fc.oneof(...leaf)
  const below = node(depth - 1, where)
  const within = fc.array(step(depth - 1, where), { maxLength: 4, size: 'max' })
  const nested: [number, fc.Arbitrary<Step>][] = [
    [
      12,
      fc.record({ op: fc.constant('spawn' as const), where, node: below, give: fc.boolean(), collect: fc.boolean() }),
    ],
    [4, fc.record({ op: fc.constantFrom('await' as const, 'awaitExn' as const, 'cancel' as const), child })],
    [
      2,
      fc.record({
        op: fc.constantFrom('awaitOne' as const, 'awaitFirst' as const),
        children: fc.array(child, { minLength: 1, maxLength: 4 }),
      }),
    ],
    [2, plain('awaitAll', 'transfer', 'get', 'drain', 'care', 'take')],
    [
      3,
      fc.record({
        op: fc.constant('hang' as const),
        where,
        node: below,
        how: fc.constantFrom(...hows),
        turns: fc.nat(4),
        race: fc.boolean(),
      }),
    ],
    [1, wire(where)],
    [1, door],
    [2, fc.record({ op: fc.constantFrom('try' as const, 'shield' as const), steps: within })],
    [2, fc.record({ op: fc.constant('finally' as const), steps: within, cleanup: within })],
    [1, fc.record({ op: fc.constant('timeout' as const), ms: fc.nat(3), node: below })],
    [1, fc.record({ op: fc.constant('parallel' as const), node: below, count: fc.nat(3) })],
  ]
  return fc.oneof(...leaf, ...nested.map(([weight, arbitrary]) => ({ weight, arbitrary })))
}

/** What a task does whose children are at most `depth` deep. */
function node(depth: number, where: fc.Arbitrary<Where>): fc.Arbitrary<Node> {
  return fc.record({
    steps: fc.array(step(depth, where), { minLength: depth > 1 ? 3 : 0, maxLength: depth === 0 ? 3 : 8, size: 'max' }),
    settle: fc.constantFrom('await' as const, 'cancel' as const, 'first' as const),
  })
}

/** Random trees for so many extra domains. */
export function trees(domains: number): fc.Arbitrary<Node> {
  return node(3, place(domains))
}

/** Trees whose main has many children, each of which has sockets; some of those children are cancelled. */
export function sockets(domains: number): fc.Arbitrary<Node> {
  const where = place(domains)
  const one = fc.record({
    steps: fc.array(fc.oneof({ weight: 3, arbitrary: wire(where) }, door), { minLength: 1, maxLength: 2 }),
    settle: fc.constant('await'),
  })
  const spawn = fc.record({
    op: fc.constant('spawn'),
    where,
    node: one,
    give: fc.constant(false),
    collect: fc.boolean(),
  })
  const limit = fc.record({ op: fc.constant('timeout'), ms: fc.nat(5), node: one })
  const late = limit.map((step) => ({ op: 'try', steps: [step] }))
  const cancel = fc.record({ op: fc.constant('cancel'), child: fc.nat(5) })
  const steps = fc.array(fc.oneof({ weight: 6, arbitrary: spawn }, late, cancel, simple), {
    minLength: 2,
    maxLength: 8,
  })
  return fc.record({ steps, settle: fc.constantFrom('await', 'cancel', 'first') }) as fc.Arbitrary<Node>
}
