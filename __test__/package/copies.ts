import { cpSync, linkSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { emptyFolder, Project, testPacked } from '../support/installation.js'

const folder = emptyFolder()

/** A project with two copies of the package, and where the second one lies. */
function project(name: string): [Project, string] {
  const path = join(folder, name)
  mkdirSync(path)
  const made = Project.install(path)
  made.copy('copies.mjs', 'worker-copies.mjs')
  mkdirSync(made.path('node_modules/other/node_modules'), { recursive: true })
  const second = made.path('node_modules/other/node_modules/miou')
  cpSync(made.path('node_modules/miou'), second, { recursive: true })
  made.env.SECOND_COPY = second
  return [made, second]
}

testPacked(
  'two copies in one process are two worlds: each works, alone and across its domains, and a warning says once that there are two',
  async (t) => {
    const [made] = project('two')
    const { code, stdout, stderr } = await made.run(t, 'copies.mjs')
    t.is(code, 0, stderr)
    const [here, across, mutex, called, descriptor] = stdout.trimEnd().split('\n')
    t.is(here, '["word","word"]')
    t.is(across, '[[true,1],[true,2]]')
    for (const refusal of [mutex, called, descriptor]) t.regex(refusal!, /^InvalidArgument: .*of another copy of miou$/)
    t.is(stderr.match(/\[MIOU_TWO_COPIES\] Warning: this process has two copies of miou/g)?.length, 1, stderr)
  },
)

testPacked('two copies in two threads of the user’s own do not step on each other', async (t) => {
  const [made] = project('threads')
  const { code, stdout, stderr } = await made.run(t, 'worker-copies.mjs')
  t.is(code, 0, stderr)
  t.is(stdout, '[9,9]\n', stderr)
})

testPacked('two copies that have one binary in common can not be on one thread: the second says why', async (t) => {
  const [made, second] = project('linked')
  const binaries = join('prebuilds', `${process.platform}-${process.arch}`)
  for (const name of readdirSync(join(second, binaries))) {
    rmSync(join(second, binaries, name))
    linkSync(made.path(join('node_modules/miou', binaries, name)), join(second, binaries, name))
  }
  const { code, stdout, stderr } = await made.run(t, 'copies.mjs')
  t.is(code, 1)
  t.is(stdout, '')
  t.regex(
    stderr,
    /Error: miou has no binary that loads.*has loaded the same file on this thread: have one copy of miou/,
  )
  const threads = await made.run(t, 'worker-copies.mjs')
  t.is(threads.stdout, '[9,9]\n', threads.stderr)
})
