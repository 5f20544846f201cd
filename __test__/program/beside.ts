import { test } from '../support/case.js'
import { program } from '../support/process.js'

test('beside an echo server at full speed on domain 0, timers, fetch of an http server and files make progress', async (t) => {
  const { code, stdout, stderr } = await program(t, 'beside').ended
  t.is(stderr, '')
  t.is(code, 0)
  t.log(stdout.trim())
  const { ms, messages, ticks, fetches, files } = JSON.parse(stdout)
  t.true(messages > ms * 2, 'the echo is slow')
  // A fifth of the ticks that there is time for: other tests use the machine too.
  t.true(ticks > ms / 10 / 5)
  t.true(fetches > 10)
  t.true(files > 10)
})
