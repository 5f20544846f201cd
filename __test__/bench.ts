import { test } from './support/case.js'

interface Spread {
  median: number
  min: number
  max: number
  count: number
}
interface Sample {
  peer: string
  scenario: string
  round: number
  cpu: number
}
interface Statistics {
  spread(values: readonly number[]): Spread | undefined
  figure(samples: readonly Sample[], peer: string, scenario: string, field: (sample: Sample) => number): Spread
  ratio(
    samples: readonly Sample[],
    peer: string,
    to: string,
    scenario: string,
    field: (sample: Sample) => number,
  ): Spread
}
interface Choice {
  peers: { name: string }[]
  scenarios: { name: string }[]
  primitives: string[]
  rounds: number
  seconds: number
  partial: boolean
}
interface Options {
  choose(args: readonly string[], primitives: readonly string[]): Choice
}

const part = async <T>(file: string) => (await import(new URL(`../bench/${file}`, import.meta.url).href)) as T
const { spread, figure, ratio } = await part<Statistics>('statistics.mjs')
const { choose } = await part<Options>('options.mjs')

const names = (list: { name: string }[]) => list.map(({ name }) => name)

test('the median of an even number of values lies between the two in the middle; what is no number is left out', (t) => {
  t.deepEqual(spread([10, 1, 2, 9]), { median: 5.5, min: 1, max: 10, count: 4 })
  t.deepEqual(spread([10, Number.NaN, 2, 9]), { median: 9, min: 2, max: 10, count: 3 })
  t.is(spread([Number.NaN]), undefined)
})

test('a ratio compares within a round, so that a slow round is no ratio of its own, and one without a pair does not count', (t) => {
  const sample = (peer: string, round: number, cpu: number) => ({ peer, scenario: 'b', round, cpu })
  const samples = [
    ...[sample('c', 1, 10), sample('miou', 1, 12)],
    ...[sample('c', 2, 100), sample('miou', 2, 110)],
    ...[sample('miou', 3, 1), sample('c', 4, 1)],
    { ...sample('miou', 1, 7), scenario: 'e' },
  ]
  const cpu = (one: Sample) => one.cpu
  t.like(ratio(samples, 'miou', 'c', 'b', cpu), { median: 1.15, min: 1.1, max: 1.2, count: 2 })
  t.like(figure(samples, 'miou', 'b', cpu), { median: 12, count: 3 })
})

test('the bench measures what is named beside C, and what is usual where nothing is', (t) => {
  const usual = choose([], ['spawn'])
  t.true(names(usual.peers).includes('node26'), names(usual.peers).join())
  t.like(usual, { rounds: 3, seconds: 2, partial: false, primitives: [] })
  const chosen = choose(
    ['--only', 'miou,b', '--only', 'spawn', '--rounds', '5', '--seconds', '0.5'],
    ['spawn', 'yield'],
  )
  t.deepEqual(names(chosen.peers), ['c-epoll', 'miou'])
  t.deepEqual(names(chosen.scenarios), ['b'])
  t.like(chosen, { rounds: 5, seconds: 0.5, partial: true, primitives: ['spawn'] })
  t.deepEqual(choose(['--only', 'spawn'], ['spawn']).scenarios, [])
  t.like(choose(['--all'], ['spawn']), { rounds: 7, primitives: ['spawn'] })
})

test('the bench refuses names that it does not know and numbers out of range', (t) => {
  const refused = (args: string[], message: RegExp) => t.throws(() => choose(args, []), { message })
  refused(['--only', 'nginx'], /there is no "nginx"; --list/)
  refused(['--rounds', '0'], /--rounds is a whole number between 1 and 1000, not "0"/)
  refused(['--rounds', '1.5'], /whole number/)
  refused(['--seconds', 'x'], /--seconds is a number between 0.2 and 60, not "x"/)
  refused(['--fast'], /--fast/)
})
