// Runs the tests of the suite against the package as users get it: the tarball, installed by npm into an empty folder, with its
// prebuilt binary and nothing of the checkout but the tests.
//
//   node npm/installed.mjs [--tarball FILE] [--node PROGRAM] [--slower N] [FILE...]
//
// --tarball  what to install (target/package/miou-VERSION.tgz)
// --node     what the tests run on, where it is not this Node: a program that takes Node's arguments
// --slower   how many times longer than usual a test may take
// FILE       tests of dist-test to run, as unix/read.js (all that need no checkout)

import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { fail, root, run } from './setup.mjs'

const option = { type: 'string' }
const { values, positionals } = parseArgs({
  options: { tarball: option, node: option, slower: option },
  allowPositionals: true,
})
const node = values.node === undefined ? undefined : resolve(values.node)
const { name, version, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const tarball = resolve(values.tarball ?? join(root, 'target', 'package', `${name}-${version}.tgz`))
if (!existsSync(tarball)) fail(`there is no ${tarball}: npm run package makes it`)

/** Tests of what only a checkout has: its sources, its scripts, its README, and how it is packed. */
const ofTheCheckout = ['package/**', 'program/readme.js', 'types.js', 'node-versions.js', 'bench.js']

const folder = join(root, 'target', 'installed', node === undefined ? 'here' : 'elsewhere')
const installed = join(folder, 'node_modules', name)
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
process.chdir(folder)
const quiet = ['--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error']
run('installing the package', ['npm', 'install', '--ignore-scripts', ...quiet, tarball])

// The tests lie in the package's own folder: from there `miou` is the package itself.
for (const tests of ['dist-test', 'dist-examples', 'examples'])
  cpSync(join(root, tests), join(installed, tests), { recursive: true })
for (const tool of Object.keys(devDependencies)) {
  const path = join(folder, 'node_modules', tool)
  if (existsSync(path)) continue
  mkdirSync(dirname(path), { recursive: true })
  symlinkSync(join(root, 'node_modules', tool), path, 'dir')
}
cpSync(join(root, 'ava.config.js'), join(installed, 'ava.config.js'))

const info = spawnSync(node ?? process.execPath, [join(installed, 'dist', 'program.js'), 'info', '--json'], {
  encoding: 'utf8',
})
const binary = info.status === 0 ? JSON.parse(info.stdout).binary : fail(info.stderr)
if (!binary.startsWith(join(installed, 'prebuilds'))) fail(`what was loaded is no binary of the package: ${binary}`)
console.log(`miou: tests of the package with ${relative(installed, binary)}`)

const files = positionals.map((file) => join('dist-test', file))
const { status, error } = spawnSync(
  process.execPath,
  [join(root, 'node_modules', 'ava', 'entrypoints', 'cli.mjs'), ...files],
  {
    cwd: installed,
    stdio: 'inherit',
    env: {
      ...process.env,
      MIOU_TEST_WITHOUT: ofTheCheckout.join(' '),
      ...(node !== undefined && { MIOU_TEST_NODE: node }),
      ...(values.slower !== undefined && { MIOU_TEST_SLOWER: values.slower }),
    },
  },
)
if (error) fail(error.message)
process.exitCode = status ?? 1
