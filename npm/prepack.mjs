// Runs before `npm pack` and `npm publish`: brings dist up to date, and refuses where a binary is missing or older than its
// sources, where something has crept in that users do not need, or where the package has become too large.

import { execFileSync } from 'node:child_process'
import { fail, setup } from './setup.mjs'
import { binaryOf, outdated, targets } from './targets.mjs'

/** Bytes that the packed package may have. */
const LIMIT = 3_000_000
/** All that users need. */
const needed = [/^dist\/.*\.js(\.map)?$/, /^dist\/.*\.d\.ts(\.map)?$/, /^(package\.json|README\.md|LICENSE)$/]

setup('library')

const binaries = targets.map(binaryOf)
const { missing, old } = outdated()
if (missing.length > 0) fail(`missing: ${missing.map(binaryOf).join(', ')}; npm run binaries builds them`)
if (old.length > 0)
  fail(`older than the sources of the core: ${old.map(binaryOf).join(', ')}; npm run binaries builds them`)

// `npm pack` does all this once more, with this as its prepack script; here scripts are off.
const [{ files, size }] = JSON.parse(
  execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=error'], { encoding: 'utf8' }),
)
for (const { path, size } of files) console.error(`${String(size).padStart(9)}  ${path}`)
console.error(`${String(size).padStart(9)}  in all, packed; ${LIMIT} is the limit`)

const strange = files
  .map(({ path }) => path)
  .filter((path) => !binaries.includes(path) && !needed.some((of) => of.test(path)))
const absent = [...binaries, 'dist/index.js', 'dist/index.d.ts', 'dist/program.js', 'README.md', 'LICENSE'].filter(
  (path) => !files.some((file) => file.path === path),
)
if (strange.length > 0) fail(`users do not need ${strange.join(', ')}`)
if (absent.length > 0) fail(`users need ${absent.join(', ')}`)
if (size > LIMIT) fail(`${size} bytes packed are more than ${LIMIT}`)
