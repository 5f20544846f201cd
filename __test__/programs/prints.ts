import * as Miou from 'miou'

/* Prints, in the way that the argument says. */

const lines = Miou.portable(import.meta, function* lines(who: number): Generator<Miou.Suspension, void> {
  for (let n = 0; n < 500; n++) {
    Miou.print(`${who} ${n} ${'x'.repeat(200)}`)
    if (n % 10 === 0) yield* Miou.yield()
  }
})

const counts = Miou.portable(import.meta, function* counts(m: Miou.Mutex, words: Int32Array): Generator<
  Miou.Suspension,
  void
> {
  for (let n = 0; n < 500; n++) {
    using _ = yield* Miou.Mutex.lock(m)
    Miou.print(words[0]!++)
  }
})

const exits = Miou.portable(import.meta, function* exits() {
  Miou.print('the last words')
  process.exit(0)
})

const ways: Record<string, () => Generator<Miou.Suspension, void>> = {
  *formats() {
    Miou.print('plain')
    Miou.print(1, 'two', { three: 3 })
    Miou.print('%d of %d', 7, 8)
    Miou.print()
    yield* Miou.async(function* () {
      Miou.print('in a task')
    })
  },
  *mixes() {
    const here = Miou.async(() => lines(0))
    yield* Miou.parallel(lines, [1, 2, 3])
    yield* here
  },
  *ordered() {
    const m = Miou.Mutex.create()
    const words = new Int32Array(new SharedArrayBuffer(4))
    const tasks = [Miou.call(counts, [m, words]), Miou.call(counts, [m, words]), Miou.async(() => counts(m, words))]
    yield* Miou.awaitAll(tasks)
  },
  *exits() {
    yield* Miou.await(Miou.call(exits, []))
  },
  *long() {
    Miou.print('y'.repeat(1 << 20))
    Miou.print('after')
  },
  *endless() {
    const start = performance.now()
    while (performance.now() - start < 300) {
      Miou.print('a line')
      yield* Miou.yield()
    }
    process.stderr.write('went on\n')
  },
}

if (process.argv[2] === 'formats') Miou.print('outside')
await Miou.main(import.meta, ways[process.argv[2]!]!, { domains: 3 })
