import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { emptyFolder, Project, testPacked } from '../support/installation.js'
import { runtime } from '../support/node.js'

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

for (const [name, title, args] of [
  ['bun', 'Bun', ['run']],
  ['deno', 'Deno', ['run', '--allow-all']],
] as const) {
  testPacked(`${title} gets a sentence at import`, (t) => {
    const found = runtime(name)
    if (found.path === undefined) {
      t.log(`skipped: ${found.why}`)
      t.pass()
      return
    }
    const made = project(title)
    const { status, signal, stdout, stderr } = spawnSync(found.path, [...args, made.path('main.mjs')], {
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
