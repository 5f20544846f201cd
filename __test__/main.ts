import * as Miou from 'miou'
import { test } from './support/case.js'
import { built, Process, program } from './support/process.js'
import { rejects } from './support/refusal.js'

test('main runs where its module is the entry of the program, on domain 0 only', async (t) => {
  const { code, stdout, stderr } = await program(t, 'entry', ['returns']).ended
  t.is(stdout, 'main 0\nportable 16\n')
  t.is(stderr, '')
  t.is(code, 0)
})

test('a main that fails prints its error and sets the exit code to 1', async (t) => {
  const { code, stderr } = await program(t, 'entry', ['throws']).ended
  t.is(code, 1)
  t.regex(stderr, /RangeError: of main[\s\S]*entry/)
})

test('a fatal error does so too, and names what was forgotten', async (t) => {
  const { code, stderr } = await program(t, 'entry', ['forgets']).ended
  t.is(code, 1)
  t.regex(stderr, /StillHasChildren: task 1 \(main\).*\(forgotten\)/)
})

test('with MIOU_DEBUG it says where what was forgotten was created', async (t) => {
  const args = [built('dist-test/programs/entry.js'), 'forgets']
  const { stderr } = await new Process(t, process.execPath, args, { MIOU_DEBUG: '1' }).ended
  t.regex(stderr, /\(forgotten\), created at .*entry\.[jt]s:\d+/)
})

test('a program ends when main does: warm domains do not keep it', async (t) => {
  // It would last until the case's own limit.
  const { code } = await program(t, 'entry', ['returns']).ended
  t.is(code, 0)
})

test('a program whose domain runs out of memory sees DomainDied, and goes on', async (t) => {
  const args = ['--max-old-space-size=40', built('dist-test/programs/entry.js'), 'memory']
  const { code, stdout } = await new Process(t, process.execPath, args).ended
  t.is(stdout, 'DomainDied\n16\n')
  t.is(code, 0)
})

test('main takes import.meta', async (t) => {
  await rejects(
    t,
    Miou.main(undefined as never, function* () {}),
    Miou.InvalidArgument,
    /import\.meta/,
  )
  await rejects(
    t,
    Miou.main({} as never, function* () {}),
    Miou.InvalidArgument,
    /import\.meta/,
  )
  await Miou.main({ url: 'file:///elsewhere.js' }, () => t.fail() as never)
})
