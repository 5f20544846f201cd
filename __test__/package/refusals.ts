import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { emptyFolder, Project, testPacked } from '../support/installation.js'
import { built } from '../support/process.js'

const folder = emptyFolder()

function project(name: string): Project {
  const path = join(folder, name)
  mkdirSync(path)
  const made = Project.install(path)
  made.copy('main.mjs')
  return made
}

const here = [
  process.platform,
  process.arch,
  ...(process.platform === 'linux' ? ['(glibc|musl)'] : []),
  `with Node ${process.versions.node}`,
].join('.*')

testPacked(
  'where there is no binary, the error names platform, architecture, libc, Node, and what the loader said',
  async (t) => {
    const made = project('none')
    rmSync(made.path('node_modules/miou/prebuilds'), { recursive: true })
    const { code, stdout, stderr } = await made.run(t, 'main.mjs')
    t.is(code, 1)
    t.is(stdout, '')
    t.regex(stderr, new RegExp(`Error: miou has no binary that loads on ${here}: No native build was found for`))
    t.regex(stderr, /ERR_MIOU_UNAVAILABLE/)
  },
)

testPacked('where a binary does not load, the error has the loader’s own message', async (t) => {
  const made = project('broken')
  const libc = process.platform === 'linux' ? '.glibc' : ''
  const binary = `node_modules/miou/prebuilds/${process.platform}-${process.arch}/miou${libc}.node`
  writeFileSync(made.path(binary), 'this is no binary')
  const { code, stderr } = await made.run(t, 'main.mjs')
  t.is(code, 1)
  t.regex(stderr, new RegExp(`Error: miou has no binary that loads on ${here}: .*miou.*\\.node: `))
  const info = await made.run(t, 'miou', 'info')
  t.is(info.code, 1)
})

/** Installs another runtime once; its program. Undefined where it can't be had. */
function runtime(t: ExecutionContext, name: string, program: string): string | undefined {
  const path = built(`target/nodes/runtimes/node_modules/${program}`)
  const works = () => spawnSync(path, ['--version']).status === 0
  if (!works()) {
    const prefix = built('target/nodes/runtimes')
    mkdirSync(prefix, { recursive: true })
    spawnSync('npm', ['install', '--prefix', prefix, '--no-audit', '--no-fund', '--ignore-scripts', name], {
      timeout: 100_000,
    })
    try {
      chmodSync(path, 0o755)
    } catch {
      // It is not there.
    }
  }
  if (works()) return path
  t.log(`skipped: ${name} can't be had from npm here`)
  t.pass()
  return undefined
}

const system = process.platform === 'linux' ? 'linux' : process.platform
const RUNTIMES = {
  Bun: {
    name: `@oven/bun-${system}-${process.arch === 'arm64' ? 'aarch64' : 'x64'}`,
    program: 'bin/bun',
    args: ['run'],
  },
  Deno: {
    name: `@deno/${system}-${process.arch}${system === 'linux' ? '-glibc' : ''}`,
    program: 'deno',
    args: ['run', '--allow-all'],
  },
}

for (const [title, { name, program, args }] of Object.entries(RUNTIMES)) {
  testPacked(`${title} gets a sentence at import`, (t) => {
    const path = runtime(t, name, `${name}/${program}`)
    if (path === undefined) return
    const made = project(title)
    const { status, signal, stdout, stderr } = spawnSync(path, [...args, made.path('main.mjs')], {
      cwd: made.folder,
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1' },
    })
    t.is(signal, null)
    t.is(status, 1)
    t.is(stdout, '')
    t.regex(stderr, new RegExp(`miou runs on Node only, and this is ${title} \\d.*libuv`))
  })
}
