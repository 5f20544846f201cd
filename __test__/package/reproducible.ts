import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { emptyFolder, testPacked } from '../support/installation.js'
import { built } from '../support/process.js'

const folder = emptyFolder()

// One of each format: what else is built goes the same way.
for (const [target, binary] of [
  [['--platform', 'linux', '--arch', 'x64', '--libc', 'glibc'], 'prebuilds/linux-x64/miou.glibc.node'],
  [['--platform', 'darwin', '--arch', 'arm64'], 'prebuilds/darwin-arm64/miou.node'],
] as const) {
  testPacked(`the same sources give the same bytes, built again from nothing: ${binary}`, async (t) => {
    t.timeout(400_000)
    const args = [built('npm/binaries.mjs'), ...target, '--out', folder]
    await promisify(execFile)(process.execPath, args, {
      cwd: built('.'),
      env: { ...process.env, CARGO_TARGET_DIR: join(folder, 'target') },
      maxBuffer: 1 << 26,
    })
    const again = readFileSync(join(folder, binary))
    t.true(again.equals(readFileSync(built(binary))), 'they differ')
    // A path of this machine would be other bytes on another one.
    for (const path of [built('.'), folder]) t.false(again.includes(path), path)
  })
}
