// `npm test`: builds what is out of date, runs the tests of cargo and then those of ava, these once more against the package
// as it is installed. What failed is said once more at the end, where it is looked for, and the last line sums all up:
// `N passed, N failed`. The exit code is 0 only if something ran and nothing failed.

import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { stripVTControlCharacters } from 'node:util'
import { arm64Node, installNodes, muslNode } from './nodes.mjs'
import { setup } from './setup.mjs'
import { outdated } from './targets.mjs'

/** Milliseconds for which a suite may say nothing: the longest of its tests, on a slow machine. */
const SILENCE = 900_000

setup('native', 'library', 'tests', 'examples')

// The package is tested where it can be packed: `npm run binaries` makes that so.
const { missing, old } = outdated()
const packable = missing.length + old.length === 0
if (packable) setup('package')
else rmSync('target/package', { recursive: true, force: true })
await installNodes()

// How a suite's output is read: `count` gives how many tests a line says passed and failed, `details` is the line after which
// it says more of each failure.

// Once for each test binary: `test result: ok. 3 passed; 0 failed; 0 ignored; ...`
const cargo = {
  count(line) {
    const result = /^test result: \S+ (\d+) passed; (\d+) failed/.exec(line)
    return result ? [Number(result[1]), Number(result[2])] : [0, 0]
  },
  details: /^failures:$/,
}

// `  ✔ task › title` and `  ✘ [fail]: task › title`; a file that crashes or hangs has a ✘ of its own. (The closing
// lines leave out how many passed where one fails, and ava's TAP breaks off where a test exits or hangs.)
const ava = {
  count: (line) => [Number(/^ {2}[✔√] /.test(line)), Number(/^ {2}[✘×] (\[fail\]|.* exited |Timed out)/.test(line))],
  details: /^ {2}─$/,
}

/** What is run of the suite elsewhere: tasks, sockets, domains. An emulated Node takes ten times as long. */
const parts = ['task', 'await', 'cancellation', 'timeout', 'unix/read', 'unix/accept', 'call', 'members'].map(
  (name) => `${name}.js`,
)

/** The suite against the package as users get it, on this Node or on another one. */
function installed(title, node, ...args) {
  if (!packable) return { skipped: `${title}: not every binary is up to date; npm run binaries` }
  if (node !== undefined && node.path === undefined) return { skipped: `${title}: ${node.why}` }
  const on = node === undefined ? [] : ['--node', node.path]
  return { title, command: [process.execPath, 'npm/installed.mjs', ...on, ...args], ...ava }
}

const suites = [
  { title: 'tests of the core', command: ['cargo', 'test', '--workspace', '--no-fail-fast'], ...cargo },
  { title: 'the suite', command: ['node_modules/.bin/ava'], ...ava },
  installed('the suite from the installed package'),
  installed('parts of the suite from the installed package, with musl', muslNode(), ...parts),
  installed('parts of the suite from the installed package, on arm64', arm64Node(), '--slower', '5', ...parts),
]

/** How much is said once more of a suite that failed, in lines. */
const ENOUGH = 200

let passed = 0
let failed = 0
const failures = []
for (const suite of suites) {
  if (suite.skipped) console.log(`skipped: ${suite.skipped}`)
  else await run(suite)
}
for (const line of failures) console.log(line)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1

/** Runs one suite, its output shown as it comes, adds its counts to the sum, and what it says of failures to those. */
async function run({ title, command: [command, ...args], count, details }) {
  console.log(title)
  const failedBefore = failed
  const failedHere = []
  const detailsHere = []
  let inDetails = false
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  child.on('error', (error) => console.log(error.message))
  const lines = createInterface({ input: child.stdout })
  const silent = setTimeout(() => {
    console.log(`nothing for ${SILENCE / 60_000} minutes`)
    child.kill('SIGKILL')
    // What it has started may hold on to its output.
    lines.close()
    child.stdout.destroy()
  }, SILENCE)
  const closed = new Promise((resolve) => child.on('close', resolve))
  for await (const line of lines) {
    silent.refresh()
    console.log(line)
    const plain = stripVTControlCharacters(line)
    const counts = count(plain)
    passed += counts[0]
    failed += counts[1]
    if (counts[1] > 0) failedHere.push(plain)
    inDetails = counts[0] + counts[1] === 0 && (inDetails || details.test(plain))
    if (inDetails) detailsHere.push(plain)
  }
  const status = await closed
  clearTimeout(silent)
  // A suite that breaks before it can count (it did not compile, it crashed) is a failure as well.
  if (status !== 0 && failed === failedBefore) {
    failedHere.push(`${[command, ...args].join(' ')} ended with ${status ?? 'a signal'}`)
    console.log(failedHere.at(-1))
    failed++
  }
  if (failedHere.length > 0) failures.push('', `failed in ${title}:`, ...failedHere, ...detailsHere.slice(0, ENOUGH))
}
