import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { garbage, objects } from '../support/collected.js'

/* Portable functions that collect garbage. */

const { meta } = { meta: import.meta }

/** Collects the garbage of its domain, and lets what is collected be told of. */
const collectsHere = Miou.portable(meta, function* collectsHere(): Generator<Miou.Suspension, void> {
  garbage()
  yield* Unix.sleep(2)
})

/** Collects the garbage of all domains until there are at most `count` shared objects. Says how many there are. */
export function* collectedEverywhere(count: number): Generator<Miou.Suspension, number> {
  for (let i = 0; i < 20 && objects() > count; i++) {
    yield* collectsHere()
    for (const pin of Miou.Domain.all().slice(1)) yield* Miou.call(collectsHere, [], { pin })
  }
  return objects()
}

/** Collects the garbage of as many domains as these tests ever have warm. Says how many shared objects there are then. */
export function leastEverywhere(): Promise<number> {
  return Miou.run(() => collectedEverywhere(0), { domains: 3 })
}
