// Brings a checkout up to date: dependencies, the addon, the JavaScript. What is newer than its sources is left alone, so
// that a second run costs a look at the files' times. Imports nothing but Node: it runs before anything is installed.

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The root of the checkout; every path here is relative to it. */
export const root = fileURLToPath(new URL('..', import.meta.url))

// In order: each step's output is among the sources of the steps after it.
const steps = {
  native: {
    output: 'build/Release/miou.node',
    sources: ['Cargo.toml', 'Cargo.lock', 'build.rs', 'crates'],
    command: ['npm', 'run', '--silent', 'build:native'],
  },
  library: {
    output: 'dist',
    sources: ['package-lock.json', 'tsconfig.json', 'rolldown.config.mjs', 'lib'],
    command: ['npm', 'run', '--silent', 'build:ts'],
  },
  tests: {
    output: 'dist-test',
    sources: ['tsconfig.json', 'dist', '__test__'],
    command: ['node_modules/.bin/tsc', '-p', '__test__'],
  },
  examples: {
    output: 'dist-examples',
    sources: ['tsconfig.json', 'dist', 'examples'],
    command: ['node_modules/.bin/tsc', '-p', 'examples'],
  },
  package: {
    output: 'target/package',
    sources: ['package.json', 'README.md', 'LICENSE', 'dist', 'prebuilds', 'npm'],
    command: ['npm', 'run', '--silent', 'package'],
  },
}

/** What a step's output is made from, seen from the root. */
export function sources(name) {
  return steps[name].sources
}

/**
 * Installs what is missing, then makes those of the steps (`native`, `library`, `tests`, `examples`, `package`) that are out of date.
 * Ends the process with one line on standard error where that fails.
 */
export function setup(...names) {
  process.chdir(root)
  requireNode()
  if (newest('package-lock.json') > newest('node_modules/.package-lock.json')) {
    run('installing the dependencies', ['npm', 'ci', '--include=dev', '--loglevel=error'])
  }
  for (const name of names) {
    const { output, sources, command } = steps[name]
    if (existsSync(output) && statSync(output).mtimeMs >= Math.max(...sources.map(newest))) continue
    if (name === 'native') requireCargo()
    // tsc leaves what it made from a source that is gone: a deleted test would go on running.
    else rmSync(output, { recursive: true, force: true })
    run(`building ${output}`, command)
  }
}

function requireNode() {
  const wanted = JSON.parse(readFileSync('package.json', 'utf8')).engines.node.replace('>=', '')
  const [major, minor] = wanted.split('.').map(Number)
  const [ours, ourMinor] = process.versions.node.split('.').map(Number)
  if (ours < major || (ours === major && ourMinor < minor)) {
    fail(`miou needs Node ${wanted} or later, and this is ${process.versions.node}`)
  }
}

function requireCargo() {
  if (spawnSync('cargo', ['--version']).status === 0) return
  fail('no cargo on the PATH: building miou from its sources needs a Rust toolchain (https://rustup.rs)')
}

/** Runs a command, said in a line; ends the process, with `code`, where it fails. */
export function run(what, [command, ...args], code = 1) {
  console.error(`miou: ${what}`)
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' })
  if (error) fail(`${what}: ${error.message}`, code)
  if (status !== 0) fail(`${what} failed: ${[command, ...args].join(' ')}`, code)
}

/** Ends the process with one line on standard error, and with `code`. */
export function fail(message, code = 1) {
  console.error(`miou: ${message}`)
  process.exit(code)
}

/** The newest time below a path in ms, 0 where there is none. A folder's own time counts: it tells of a deleted file. */
export function newest(path) {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (!stats) return 0
  if (!stats.isDirectory()) return stats.mtimeMs
  return Math.max(stats.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))))
}
