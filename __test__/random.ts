import { childSeed, choose } from '../dist/random.js'
import type { TaskRecord } from '../dist/task.js'
import { test } from './support/case.js'

const task = (seed: number): TaskRecord => ({ seed }) as TaskRecord

test('choices follow from the seed', (t) => {
  const draw = (seed: number): number[] => {
    const chooser = task(seed)
    return Array.from({ length: 50 }, () => choose(chooser, 10))
  }
  t.deepEqual(draw(1), draw(1))
  t.notDeepEqual(draw(1), draw(2))
  for (const choice of draw(3)) t.true(Number.isInteger(choice) && choice >= 0 && choice < 10)
})

test('of one there is no choice, which costs no randomness', (t) => {
  const chooser = task(1)
  t.is(choose(chooser, 1), 0)
  t.is(chooser.seed, 1)
})

test('choices have no bias that shows', (t) => {
  for (const seed of [0, 1, 12345]) {
    const chooser = task(seed)
    const counts = [0, 0, 0]
    for (let i = 0; i < 30_000; i++) counts[choose(chooser, 3)]!++
    for (const count of counts) t.true(Math.abs(count - 10_000) < 500, `${counts}`)
  }
})

test('children have seeds of their own, different ones, and not that of their parent', (t) => {
  const parent = task(7)
  const seeds = Array.from({ length: 10_000 }, () => childSeed(parent))
  t.is(new Set(seeds).size, 10_000)
  const first = seeds.map((seed) => choose(task(seed), 2))
  const ones = first.filter((choice) => choice === 1).length
  t.true(Math.abs(ones - 5000) < 300, `${ones} of 10 000`)
})
