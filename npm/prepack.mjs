// Runs before `npm pack` and `npm publish`: brings dist up to date, and refuses where a binary is missing or older than its
// sources, where something has crept in that users do not need, or where the package has become too large.

import { execFileSync } from 'node:child_process'
import { fail, newest, setup, sources } from './setup.mjs'
import { binaryOf, targets } from './targets.mjs'

/** Bytes that the packed package may have. */
const LIMIT = 3_000_000
/** All that users need. */
const needed = [/^dist\/.*\.js(\.map)?$/, /^dist\/.*\.d\.ts(\.map)?$/, /^(package\.json|README\.md|LICENSE)$/]

setup('library')

const changed = Math.max(...sources('native').map(newest))
const binaries = targets.map(binaryOf)
const missing = binaries.filter((path) => newest(path) === 0)
const old = binaries.filter((path) => newest(path) > 0 && newest(path) < changed)
if (missing.length > 0) fail(`missing: ${missing.join(', ')}; npm run binaries builds them all`)
if (old.length > 0) fail(`older than the sources of the core: ${old.join(', ')}; npm run binaries builds them all`)

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
