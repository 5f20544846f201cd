import { test } from './support/case.js'
import { program } from './support/process.js'

for (const seed of [1, 20_261_121]) {
  test(`whatever JavaScript hands to the core, the process lives: seed ${seed}`, async (t) => {
    const { code, signal, stdout, stderr } = await program(t, 'garbage', [String(seed)]).ended
    t.deepEqual([code, signal], [0, null], stderr)
    t.regex(stdout, /^done: [1-9]\d* threw, [1-9]\d* returned\n$/)
    t.notRegex(stderr, /panicked/)
  })
}

test('a domain needs shared memory that is large enough, and a world too', async (t) => {
  const { code, stdout, stderr } = await program(t, 'laid-over').ended
  t.is(code, 0, stderr)
  t.is(stdout, 'done\n')
})
