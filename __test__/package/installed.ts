import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { Client } from '../support/client.js'
import { emptyFolder, Project, testPacked } from '../support/installation.js'
import { arm64Node, type Found, muslNode, nodeOf } from '../support/node.js'

const folder = emptyFolder()

/** Clients on every domain get back what they send, and the server ends in order. */
async function echoes(t: ExecutionContext, project: Project): Promise<void> {
  const server = project.start(t, 'miou', 'echo', '--json', '--port', '0', '--domains', '2')
  const { port } = JSON.parse(await server.line(0))
  const clients = await Promise.all(Array.from({ length: 20 }, () => Client.connect(port)))
  const answers = await Promise.all(clients.map((client, number) => client.echoes(`client ${number}`)))
  t.true(answers.every((same) => same))
  for (const client of clients) client.end()
  server.kill('SIGINT')
  const { code, stderr, stdout } = await server.ended
  t.is(code, 0, stderr)
  t.is(stderr, '')
  const { domains } = JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as { domains: { connections: number }[] }
  t.is(
    domains.reduce((sum, { connections }) => sum + connections, 0),
    20,
  )
}

/** The binary that was loaded is that one of the package. */
async function loads(t: ExecutionContext, project: Project, binary: string): Promise<void> {
  const { stdout, stderr } = await project.run(t, 'miou', 'info', '--json')
  t.is(JSON.parse(stdout).binary, project.path(`node_modules/miou/prebuilds/${binary}`), stderr)
}

function on(title: string, found: () => Found, body: (t: ExecutionContext, node: string) => Promise<void>): void {
  testPacked(title, async (t) => {
    const node = found()
    if (node.path === undefined) {
      t.log(`skipped: ${node.why}`)
      t.pass()
      return
    }
    await body(t, node.path)
  })
}

const projects = new Map<string, Project>()

/** A project of that name, which is installed once. An emulated Node takes its time: it does not run npm. */
function installed(name: string, node: string, installer?: string): Project {
  const known = projects.get(name)
  if (known !== undefined) return known
  mkdirSync(join(folder, name))
  const made = Project.install(join(folder, name), node, installer)
  projects.set(name, made)
  return made
}

const libc = process.platform === 'linux' ? '.glibc' : ''
const own = `${process.platform}-${process.arch}/miou${libc}.node`

for (const major of [20, 22, 24, 26]) {
  on(
    `on Node ${major}, with an empty home, no compiler and no scripts, the package echoes`,
    () => nodeOf(major),
    async (t, node) => {
      const project = installed(`${major}`, node)
      await loads(t, project, own)
      await echoes(t, project)
    },
  )

  on(
    `on Node ${major}, a program that imports the package calls across domains, and so does one that requires it`,
    () => nodeOf(major),
    async (t, node) => {
      const project = installed(`${major}`, node)
      project.copy('main.mjs', 'main.cjs')
      for (const program of ['main.mjs', 'main.cjs']) {
        const { code, stdout, stderr } = await project.run(t, program)
        t.is(stdout, '9 elsewhere\n', stderr)
        t.is(code, 0)
        // Node 20 says of every require of a module that it is new.
        t.regex(stderr, /^(\(node:\d+\) ExperimentalWarning: .*require.*\n(\(Use .*\n)?)?$/)
      }
    },
  )
}

for (const major of [22, 24, 26]) {
  on(
    `on Node ${major}, TypeScript that Node runs itself has portable functions in its modules`,
    () => nodeOf(major),
    async (t, node) => {
      const project = installed(`${major}`, node)
      project.copy('main.ts', 'work.ts')
      const { code, stdout, stderr } = await project.run(t, 'main.ts')
      t.is(stdout, '9 elsewhere\n', stderr)
      t.is(code, 0)
    },
  )
}

on('on Linux with arm64, emulated, the package echoes', arm64Node, async (t, node) => {
  const project = installed('arm64', node, process.execPath)
  await loads(t, project, 'linux-arm64/miou.glibc.node')
  await echoes(t, project)
})

on('on Linux with musl, the package echoes', muslNode, async (t, node) => {
  const project = installed('musl', node)
  await loads(t, project, `linux-${process.arch}/miou.musl.node`)
  await echoes(t, project)
})
