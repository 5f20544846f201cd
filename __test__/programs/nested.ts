import * as Miou from 'miou'
import { promised } from '../support/waiting.js'
import { domainOf } from './numbers.js'

/** Begins a run of its own on this domain, with that many more: the domain there, and one that is called (1 where there is none). */
export const inner = Miou.portable(import.meta, function* inner(domains: number): Generator<Miou.Suspension, number[]> {
  function* main(): Generator<Miou.Suspension, number[]> {
    return [Miou.Domain.self(), domains === 0 ? 1 : yield* Miou.call(domainOf, [])]
  }
  return yield* promised(Miou.run(main, { domains }))
})
