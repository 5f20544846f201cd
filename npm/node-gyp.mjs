#!/usr/bin/env node
// Stands in for node-gyp under prebuildify (`prebuildify --napi --node-gyp npm/node-gyp.mjs`): prebuildify says in PREBUILD_*
// what to build for, and then moves the one `build/Release/*.node` that it finds to its place under prebuilds/.

import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'

const { PREBUILD_PLATFORM: platform, PREBUILD_ARCH: arch, PREBUILD_LIBC: libc } = process.env
const cpu = { x64: 'x86_64', arm64: 'aarch64' }[arch]
const system = {
  linux: `unknown-linux-${libc === 'musl' ? 'musl' : 'gnu'}`,
  darwin: 'apple-darwin',
  freebsd: 'unknown-freebsd',
}[platform]
if (!cpu || !system) {
  console.error(`miou: no binary is built for ${platform} ${arch}`)
  process.exit(1)
}

rmSync('build/Release', { recursive: true, force: true })
const cross = platform === process.platform && arch === process.arch && libc !== 'musl' ? [] : ['--cross-compile']
const args = ['run', '--silent', 'build:native', '--', '--target', `${cpu}-${system}`, ...cross]
process.exit(spawnSync('npm', args, { stdio: 'inherit' }).status ?? 1)
