// What cross compilation needs beside cargo: the standard libraries of the targets, from rustup, and from PyPI zig, which
// brings the linker and the system libraries of every target, with cargo-zigbuild, which has cargo use it.

import { spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fail, root, run } from './setup.mjs'

// Exactly these: a binary is the same, byte for byte, only where its tools are.
const packages = ['ziglang==0.17.1', 'cargo-zigbuild==0.24.0']
const folder = join(root, 'target', 'cross-tools', packages.join('-').replaceAll('==', '-'))

/** What the process ends with where a tool can't be had here, which is no fault of the sources (`EX_UNAVAILABLE`). */
const UNAVAILABLE = 69

/**
 * Installs what is missing to build for `triples`; where it can't, it says what that is, and ends the process. With `zig`, the
 * environment that cargo then needs comes back; without, the linker of this machine is used.
 */
export function crossTools(triples, zig) {
  const installed = spawnSync('rustup', ['target', 'list', '--installed'], { encoding: 'utf8' })
  if (installed.error)
    fail('no rustup on the PATH: it brings the standard libraries of the targets (https://rustup.rs)', UNAVAILABLE)
  const missing = triples.filter((triple) => !installed.stdout.split('\n').includes(triple))
  if (missing.length > 0) run('installing the targets', ['rustup', 'target', 'add', ...missing], UNAVAILABLE)
  if (!zig) return {}

  const compiler = join(folder, 'ziglang', 'zig')
  const bin = join(folder, 'bin')
  if (!existsSync(compiler) || !existsSync(join(bin, 'cargo-zigbuild'))) {
    if (spawnSync('python3', ['-m', 'pip', '--version']).status !== 0) {
      fail(`no python3 with pip on the PATH: ${packages.join(' and ')} are installed with it`, UNAVAILABLE)
    }
    rmSync(folder, { recursive: true, force: true })
    const quiet = ['--quiet', '--disable-pip-version-check', '--no-deps']
    const pip = ['python3', '-m', 'pip', 'install', ...quiet, '--only-binary=:all:', '--target', folder, ...packages]
    run('installing zig and cargo-zigbuild', pip, UNAVAILABLE)
  }
  return { CARGO_ZIGBUILD_ZIG_PATH: compiler, PATH: `${bin}${delimiter}${process.env.PATH}` }
}
