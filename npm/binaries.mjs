// `npm run binaries`: builds the binary of every target and puts it under prebuilds/. Some of them:
// `npm run binaries -- --platform linux --arch arm64 --libc musl`; each of the three may be left out. One that is newer than its
// sources is left alone. With `--out FOLDER` they go to FOLDER/prebuilds, all of them.

import { mkdirSync, rmSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { crossTools } from './cross-tools.mjs'
import { fail, root, setup } from './setup.mjs'
import { binaryOf, chosen, nameOf, outdated, targets } from './targets.mjs'

const option = { type: 'string' }
const { values } = parseArgs({ options: { platform: option, arch: option, libc: option, out: option } })
const choice = chosen(values)
if (choice.length === 0) fail(`no binary is built for that; these are: ${targets.map(nameOf).join(', ')}`)

setup()
const out = resolve(values.out ?? '.')
const { missing, old } = outdated(choice)
const wanted = values.out === undefined ? [...missing, ...old] : choice
if (wanted.length === 0) console.error('miou: every binary is up to date')
// On Linux all of them are linked by zig: the system's own linker would ask for the system's own glibc.
const zig = process.platform === 'linux' || wanted.some(({ platform }) => platform !== process.platform)
if (wanted.length > 0) Object.assign(process.env, crossTools([...new Set(wanted.map(({ triple }) => triple))], zig))
if (zig) process.env.MIOU_CROSS = 'zig'

const prebuildify = promisify((await import('prebuildify')).default)
for (const target of wanted) {
  const { platform, arch, libc } = target
  // prebuildify takes the first binary below the folder that it runs in: each target has one of its own, and what the
  // checkout itself uses is not touched.
  const cwd = join(root, 'target', 'binaries', nameOf(target))
  rmSync(cwd, { recursive: true, force: true })
  mkdirSync(cwd, { recursive: true })
  console.error(`miou: building ${binaryOf(target)}`)
  const nodeGyp = join(root, 'npm', 'node-gyp.mjs')
  // Without a libc of its own a target must not get that of this machine.
  const tags = libc === undefined ? {} : { libc, tagLibc: true }
  await prebuildify({ name: 'miou', targets: [], napi: true, platform, arch, ...tags, nodeGyp, cwd, out }).catch(
    (error) => fail(`${nameOf(target)}: ${error.message}`),
  )
  console.error(`miou: ${binaryOf(target)}, ${statSync(join(out, binaryOf(target))).size} bytes`)
}
