import type { ExecutionContext } from 'ava'
import { test } from './support/case.js'
import { built, Process } from './support/process.js'

/** A program under MIOU_DEBUG. */
function debugged(t: ExecutionContext, what: string): Process {
  return new Process(t, process.execPath, [built('dist-test/programs/debugged.js'), what], { MIOU_DEBUG: '1' })
}

/** Ends when a program has said this on standard error. */
async function says(program: Process, what: RegExp): Promise<void> {
  for await (const _ of program.child.stderr!) if (what.test(program.stderr)) return
  throw new Error(`it ended without: ${program.stderr}`)
}

test('with MIOU_DEBUG a leak says where each resource was created, on whatever domain', async (t) => {
  const here = await debugged(t, 'leaks').ended
  t.regex(
    here.stderr,
    /owned a FileDescr, created at .*debugged\.[jt]s:\d+:\d+\), 'text', created at .*debugged\.[jt]s:\d+/,
  )
  const there = await debugged(t, 'leaksThere').ended
  t.regex(there.stderr, /owned a Map, created at forgets .*, 'text', created at .*leaksThere .*debugged\.[jt]s:\d+/)
})

test('with MIOU_DEBUG a task that keeps a mutex is told where it has locked it, or waited with it last', async (t) => {
  const locked = await debugged(t, 'keeps').ended
  t.regex(locked.stderr, /held the mutex 'kept', locked at .*keeps .*debugged\.[jt]s:\d+/)
  const waited = await debugged(t, 'keepsAfterWait').ended
  t.regex(waited.stderr, /held the mutex 'kept', locked at .*waitThere .*debugged\.[jt]s:\d+/)
})

test('with MIOU_DEBUG the tree is printed where tasks wait for each other for ever, across domains too', async (t) => {
  const program = debugged(t, 'stuck')
  await says(program, /every task waits[\s\S]*main, domain 0: await task \d+ \(waits\)\n.*waits, domain \d+: lock held/)
  t.pass()
})

test('with MIOU_DEBUG it is printed where a task waits for what only a callback can end', async (t) => {
  await says(debugged(t, 'unsignaled'), /every task waits[\s\S]*Trigger\.await/)
  t.pass()
})

test('with MIOU_DEBUG a shield that keeps its canceller waiting is named, on another domain too', async (t) => {
  const { code, stderr } = await debugged(t, 'shielded').ended
  t.regex(stderr, /\(shields\) was cancelled and is in a shield for more than a second: sleep 2500 ms/)
  t.is(code, 0)
})
