// The platforms that a binary is built for, and where it lies. What the package holds, what is built, checked and tested is
// read off this one table.

import { join } from 'node:path'
import { newest, root, sources } from './setup.mjs'

/**
 * `since` is the oldest system that the binary runs on: of glibc, it goes into the triple; of macOS, into the environment.
 * Node's own builds ask for no less.
 */
export const targets = [
  { platform: 'linux', arch: 'x64', libc: 'glibc', triple: 'x86_64-unknown-linux-gnu', since: '2.17' },
  { platform: 'linux', arch: 'x64', libc: 'musl', triple: 'x86_64-unknown-linux-musl' },
  { platform: 'linux', arch: 'arm64', libc: 'glibc', triple: 'aarch64-unknown-linux-gnu', since: '2.17' },
  { platform: 'linux', arch: 'arm64', libc: 'musl', triple: 'aarch64-unknown-linux-musl' },
  { platform: 'darwin', arch: 'x64', triple: 'x86_64-apple-darwin', since: '10.15' },
  { platform: 'darwin', arch: 'arm64', triple: 'aarch64-apple-darwin', since: '11.0' },
  { platform: 'freebsd', arch: 'x64', triple: 'x86_64-unknown-freebsd' },
]

/** `linux-x64-glibc`. */
export function nameOf({ platform, arch, libc }) {
  return [platform, arch, libc].filter(Boolean).join('-')
}

/** The binary of a target, seen from the root: prebuildify puts it there, and node-gyp-build looks for it there. */
export function binaryOf({ platform, arch, libc }) {
  return join('prebuilds', `${platform}-${arch}`, ['miou', libc, 'node'].filter(Boolean).join('.'))
}

/** The targets that a choice of `platform`, `arch` and `libc` leaves; what it does not say leaves all. */
export function chosen({ platform, arch, libc }) {
  return targets.filter(
    (target) =>
      (platform === undefined || platform === target.platform) &&
      (arch === undefined || arch === target.arch) &&
      (libc === undefined || libc === target.libc),
  )
}

/** What a binary is made from: the core, and what says how it is built. */
const madeFrom = [
  ...sources('native'),
  ...['targets', 'node-gyp', 'cross-tools'].map((name) => join('npm', `${name}.mjs`)),
]

/** What keeps the binaries of targets from being packed: those that are missing, and those that are older than their sources. */
export function outdated(some = targets) {
  const changed = Math.max(...madeFrom.map((path) => newest(join(root, path))))
  const built = some.map((target) => [target, newest(join(root, binaryOf(target)))])
  return {
    missing: built.filter(([, time]) => time === 0).map(([target]) => target),
    old: built.filter(([, time]) => time > 0 && time < changed).map(([target]) => target),
  }
}
