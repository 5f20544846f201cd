import fc from 'fast-check'
import * as Miou from 'miou'
import { collectedEverywhere } from '../programs/collected.js'
import { test } from '../support/case.js'
import { check } from '../support/property.js'
import { sockets, trees } from '../support/tree/arbitrary.js'
import { Model } from '../support/tree/model.js'
import { examine } from '../support/tree/examine.js'

/* Random trees of tasks over 0 to 3 domains. */

for (const domains of [0, 1, 2, 3]) {
  /** How many shared objects are left on any domain once garbage is collected. */
  const objects = (atMost: number): Promise<number> => Miou.run(() => collectedEverywhere(atMost), { domains })

  test(`random trees keep the rules, and end as a sequential model allows (${domains} domains)`, async (t) => {
    let tasks = 0
    const before = await objects(0)
    const property = fc.asyncProperty(
      trees(domains),
      fc.nat(),
      fc.constantFrom(1, 3, 64),
      async (tree, seed, quanta) => {
        const examined = await examine(tree, { domains, seed, quanta })
        tasks += examined.tasks
        if (examined.found.length > 0) throw new Error(examined.found.join('; '))
        const allowed = new Model(domains).outcomes(tree, false)
        if (!allowed.has(examined.outcome)) throw new Error(`${examined.outcome}, which is none of ${[...allowed]}`)
      },
    )
    await check(t, 150, property, domains)
    t.log(`${tasks} tasks`)
    // Each run makes nine of them.
    const after = await objects(before + 20)
    t.true(after <= before + 20, `${after} shared objects, ${before} before`)
  })

  test(`sockets in random trees lose, double and reorder nothing, whatever is cancelled (${domains} domains)`, async (t) => {
    const property = fc.asyncProperty(sockets(domains), fc.nat(), async (tree, seed) => {
      const examined = await examine(tree, { domains, seed })
      if (examined.found.length > 0) throw new Error(examined.found.join('; '))
      const allowed = new Model(domains).outcomes(tree, false)
      if (!allowed.has(examined.outcome)) throw new Error(`${examined.outcome}, which is none of ${[...allowed]}`)
    })
    await check(t, 40, property, 40 + domains)
  })
}
