import { test } from './support/case.js'
import { program } from './support/process.js'

test('R01: print writes one line, formatted as console.log does, also outside of tasks', async (t) => {
  const { stdout, code } = await program(t, 'prints', ['formats']).ended
  t.is(code, 0)
  t.is(stdout, 'outside\nplain\n1 two { three: 3 }\n7 of 8\n\nin a task\n')
})

test('B14: lines of all domains never mix, none is lost, and each domain’s are in order', async (t) => {
  const { stdout, code } = await program(t, 'prints', ['mixes']).ended
  t.is(code, 0)
  const lines = stdout.split('\n').slice(0, -1)
  t.is(lines.length, 4 * 500)
  const next = [0, 0, 0, 0]
  for (const line of lines) {
    const [, who, n, rest] = /^(\d) (\d+) (x+)$/.exec(line) ?? []
    t.is(Number(n), next[Number(who)]!++)
    t.is(rest!.length, 200)
  }
})

test('print keeps the order of a mutex that guards it', async (t) => {
  const { stdout, code } = await program(t, 'prints', ['ordered']).ended
  t.is(code, 0)
  const lines = stdout.split('\n').slice(0, -1).map(Number)
  t.deepEqual(
    lines,
    Array.from({ length: lines.length }, (_, n) => n),
  )
  t.is(lines.length, 1500)
})

test('what is printed is written, also where the process exits right after it, on another domain', async (t) => {
  const { stdout } = await program(t, 'prints', ['exits']).ended
  t.is(stdout, 'the last words\n')
})

test('a reader that is slow is waited for: a line of 1 MiB arrives whole', async (t) => {
  const child = program(t, 'prints', ['long'])
  child.child.stdout!.pause()
  await new Promise((resolve) => setTimeout(resolve, 200))
  child.child.stdout!.resume()
  const { stdout, code } = await child.ended
  t.is(code, 0)
  t.is(stdout.length, (1 << 20) + 1 + 'after\n'.length)
  t.true(stdout.endsWith('y\nafter\n'))
})

test('where nobody reads any more, print goes on', async (t) => {
  const child = program(t, 'prints', ['endless'])
  t.is(await child.line(0), 'a line')
  child.child.stdout!.destroy()
  const { code, stderr } = await child.ended
  t.is(code, 0)
  t.regex(stderr, /went on/)
})
