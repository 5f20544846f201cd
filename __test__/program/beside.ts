import { test } from '../support/case.js'
import { program } from '../support/process.js'

test('beside an echo server at full speed on domain 0, timers, fetch of an http server and files make progress', async (t) => {
  const { code, stdout, stderr } = await program(t, 'beside').ended
  t.is(stderr, '')
  t.is(code, 0)
  t.log(stdout.trim())
  const { ms, cpu, messages, ticks, fetches, files } = JSON.parse(stdout)
  // What else goes on on the machine takes from all of them: what starves makes no progress at all.
  t.true(messages > cpu / 4, 'the echo is slow')
  t.true(ticks > ms / 10 / 10)
  t.true(fetches > 5)
  t.true(files > 1)
})
