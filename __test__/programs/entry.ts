import * as Miou from 'miou'

/* A program of one file, whose main does what the argument says. */

const square = Miou.portable(import.meta, function* square(n: number) {
  return n * n
})

const exhausts = Miou.portable(import.meta, function* exhausts(): Generator<never, void> {
  const rest: number[][] = []
  for (;;) rest.push(new Array(1e5).fill(Math.random()))
})

const mains: Record<string, () => Generator<Miou.Suspension, void>> = {
  *returns() {
    Miou.print(`main ${Miou.Domain.self()}`)
    Miou.print(`portable ${yield* Miou.call(square, [4])}`)
  },
  *throws() {
    throw new RangeError('of main')
  },
  *forgets() {
    Miou.async(function* () {}, { name: 'forgotten' })
    yield* Miou.yield()
  },
  *memory() {
    const result = yield* Miou.await(Miou.call(exhausts, []))
    Miou.print(result.ok ? 'no' : (result.error as Error).name)
    Miou.print(yield* Miou.call(square, [4]))
  },
}

await Miou.main(import.meta, mains[process.argv[2]!]!, { domains: 2 })
