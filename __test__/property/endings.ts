import fc from 'fast-check'
import * as Miou from 'miou'
import type { Node, Step } from '../support/tree/step.js'
import { test } from '../support/case.js'
import { check } from '../support/property.js'
import { trees } from '../support/tree/arbitrary.js'
import { Model } from '../support/tree/model.js'
import { examine } from '../support/tree/examine.js'

/* Random trees that end before their time: a rule is broken, main is cancelled, a domain dies. */

/** Puts a step somewhere into a tree, as `places` says. */
function insert(tree: Node, step: Step, places: readonly number[]): Node {
  const [place = 0, ...rest] = places
  const nodes = tree.steps.flatMap((one, at) => ('node' in one ? [at] : []))
  if (nodes.length > 0 && rest.length > 0 && place % 4 !== 0) {
    const at = nodes[place % nodes.length]!
    const below = tree.steps[at] as Step & { node: Node }
    const changed = { ...below, node: insert(below.node, step, rest) } as Step
    return { ...tree, steps: [...tree.steps.slice(0, at), changed, ...tree.steps.slice(at + 1)] }
  }
  const at = place % (tree.steps.length + 1)
  return { ...tree, steps: [...tree.steps.slice(0, at), step, ...tree.steps.slice(at)] }
}

const places = fc.array(fc.nat(100), { minLength: 1, maxLength: 4 })
const fatal = [Miou.StillHasChildren, Miou.ResourceLeaked, Miou.ForeignYield]

for (const domains of [0, 2]) {
  test(`where a rule is broken the run rejects with that, and everything unwinds first (${domains} domains)`, async (t) => {
    const rule = fc.constantFrom('children' as const, 'resource' as const, 'foreign' as const)
    let broken = 0
    const property = fc.asyncProperty(trees(domains), rule, places, async (tree, rule, places) => {
      const examined = await examine(insert(tree, { op: 'break', rule }, places), { domains })
      if (examined.found.length > 0) throw new Error(examined.found.join('; '))
      if (fatal.some((of) => examined.error instanceof of)) broken++
      else if (!new Model(domains).outcomes(tree, false).has(examined.outcome)) throw new Error(examined.outcome)
    })
    await check(t, 150, property, 10 + domains)
    t.true(broken > 10, `${broken}`)
  })

  test(`where main is cancelled at any moment everything unwinds (${domains} domains)`, async (t) => {
    let cancelled = 0
    const property = fc.asyncProperty(trees(domains), fc.nat(30), async (tree, turns) => {
      const abort = new AbortController()
      let left = turns
      const count = (): void => {
        if (left-- > 0) setImmediate(count)
        else abort.abort(new Error('enough'))
      }
      count()
      const examined = await examine(tree, { domains, signal: abort.signal })
      if (examined.found.length > 0) throw new Error(examined.found.join('; '))
      if (examined.outcome === 'cancelled') cancelled++
      else if (!new Model(domains).outcomes(tree, false).has(examined.outcome)) throw new Error(examined.outcome)
    })
    await check(t, 150, property, 20 + domains)
    t.true(cancelled > 10, `${cancelled}`)
  })
}

test('where one or two domains die in the middle the others keep the rules, and nothing hangs', async (t) => {
  const how = fc.constantFrom('exit' as const, 'throw' as const)
  let died = 0
  const property = fc.asyncProperty(
    trees(3),
    how,
    fc.array(places, { minLength: 1, maxLength: 2 }),
    async (tree, how, all) => {
      const killer: Node = { steps: [{ op: 'yield' }, { op: 'die', how }], settle: 'await' }
      const step: Step = { op: 'spawn', where: 'call', node: killer, give: true, collect: false }
      const examined = await examine(
        all.reduce((node, places) => insert(node, step, places), tree),
        { domains: 3 },
      )
      if (examined.found.length > 0) throw new Error(`${examined.outcome}: ${examined.found.join('; ')}`)
      died += examined.dead
    },
  )
  await check(t, 40, property, 30)
  t.log(`${died} domains died`)
})
