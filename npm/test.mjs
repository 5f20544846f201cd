// `npm test`: builds what is out of date, runs the tests of cargo and then those of ava, and closes with one line that
// sums both up: `N passed, N failed`. The exit code is 0 only if something ran and nothing failed.

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setup } from './setup.mjs'

setup('native', 'library', 'tests', 'examples')

const suites = [
  {
    command: ['cargo', 'test', '--workspace'],
    // One line a test binary: `test result: ok. 3 passed; 0 failed; 0 ignored; ...`
    count: (line) => /^test result: \S+ (?<passed>\d+) passed; (?<failed>\d+) failed/.exec(line)?.groups,
  },
  {
    command: ['node_modules/.bin/ava', '--tap'],
    // The end of a TAP run: `# pass 3`, then `# fail 0`. Where tests fail, ava's own report leaves out how many passed.
    count: (line) => /^# (?:pass (?<passed>\d+)|fail (?<failed>\d+))$/.exec(line)?.groups,
  },
]

let passed = 0
let failed = 0
for (const suite of suites) {
  const result = await run(suite)
  passed += result.passed
  failed += result.failed
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1

/** Runs one suite, its output shown as it comes, and counts. */
async function run({ command: [command, ...args], count }) {
  const result = { passed: 0, failed: 0 }
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = new Promise((resolve, reject) => child.on('error', reject).on('close', resolve))
  for await (const line of createInterface({ input: child.stdout })) {
    console.log(line)
    const counted = count(line)
    result.passed += Number(counted?.passed ?? 0)
    result.failed += Number(counted?.failed ?? 0)
  }
  const status = await closed
  // A suite that breaks before it can count (it did not compile, it crashed) is a failure as well.
  if (status !== 0 && result.failed === 0) {
    console.log(`${[command, ...args].join(' ')} ended with ${status ?? 'a signal'}`)
    result.failed = 1
  }
  return result
}
