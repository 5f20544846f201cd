#!/usr/bin/env node
// Stands in for node-gyp under prebuildify: prebuildify says in PREBUILD_* what to build for, and then moves the one
// `build/Release/*.node` that it finds in the folder where it started this to its place under prebuilds/.

import { readdirSync, utimesSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { fail, root, run } from './setup.mjs'
import { chosen } from './targets.mjs'

const { PREBUILD_PLATFORM: platform, PREBUILD_ARCH: arch, PREBUILD_LIBC: libc } = process.env
const [target] = chosen({ platform, arch, libc: platform === 'linux' ? libc : undefined })
if (!target) fail(`no binary is built for ${platform} ${arch}`)
const { triple, since } = target

const output = resolve('build', 'Release')
process.chdir(root)

// No path of this machine gets into the binary: the same sources give the same bytes wherever they lie.
const cargoHome = process.env.CARGO_HOME ?? join(homedir(), '.cargo')
const remapped = [
  [cargoHome, '/cargo'],
  [root.replace(/\/$/, ''), '/miou'],
]
const flags = remapped.map(([from, to]) => `--remap-path-prefix=${from}=${to}`)
if (platform === 'darwin') {
  process.env.MACOSX_DEPLOYMENT_TARGET = since
  // The libc crate names libiconv, of which nothing is used.
  flags.push('-Clink-arg=-Wl,-dead_strip_dylibs')
  // A library has a name in it, which nobody looks for here: where it was linked, if nothing else is said.
  flags.push('-Clink-arg=-Wl,-install_name,@rpath/miou.node')
  // Its identity (LC_UUID) is made of what is linked: with the paths of the objects in it, as debuggers want them, it would be
  // another one in each folder.
  flags.push('-Clink-arg=-Wl,-S')
}
process.env.RUSTFLAGS = flags.join(' ')

const glibc = platform === 'linux' && process.env.MIOU_CROSS === 'zig' && since !== undefined
const build = ['napi', 'build', '--release', '--manifest-path', 'crates/node/Cargo.toml', '--no-js']
const types = ['--dts', 'binding.d.ts'] // beside the binary: those of the checkout are made by build:native
const cross = process.env.MIOU_CROSS === 'zig' ? ['--cross-compile'] : []
const started = new Date()
run(`building for ${triple}`, [
  join('node_modules', '.bin', build[0]),
  ...build.slice(1),
  ...types,
  ...['--output-dir', output, '--target', glibc ? `${triple}.${since}` : triple],
  ...cross,
])
// Its time is that of its sources: what was changed while it was being built is newer.
for (const name of readdirSync(output)) utimesSync(join(output, name), started, started)
