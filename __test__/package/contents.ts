import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { emptyFolder, Project, tarball, testPacked, tool } from '../support/installation.js'
import { built } from '../support/process.js'

const folder = emptyFolder()

testPacked('the package has what users need, nothing else, and no more than 3 MB', (t) => {
  const paths = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' }).trim().split('\n')
  const allowed =
    /^package\/(dist\/[\w/-]+\.(js|d\.ts)(\.map)?|prebuilds\/[\w-]+\/miou(\.\w+)?\.node|package\.json|README\.md|LICENSE)$/
  t.deepEqual(
    paths.filter((path) => !allowed.test(path)),
    [],
  )
  for (const needed of ['dist/index.js', 'dist/index.d.ts', 'dist/index.d.ts.map', 'dist/program.js', 'LICENSE']) {
    t.true(paths.includes(`package/${needed}`), needed)
  }
  t.is(paths.filter((path) => path.endsWith('.node')).length, 7)
  const { size } = statSync(tarball)
  t.log(`${size} bytes`)
  t.true(size < 3_000_000, `${size} bytes`)
})

/** A checkout, by way of links, with binaries of its own. */
function checkout(name: string): string {
  const root = join(folder, name)
  mkdirSync(root)
  for (const entry of readdirSync(built('.'))) {
    const path = join(root, entry)
    const copied = entry === 'npm' || entry === 'prebuilds'
    if (copied) cpSync(built(entry), path, { recursive: true, preserveTimestamps: true })
    else symlinkSync(built(entry), path)
  }
  return root
}

/** `npm pack` refuses, and says why in a line. */
function refuses(t: ExecutionContext, root: string, says: RegExp): void {
  const { status, stderr } = spawnSync('npm', ['pack', '--dry-run'], { cwd: root, encoding: 'utf8' })
  t.not(status, 0)
  t.regex(stderr, says)
  t.deepEqual(
    readdirSync(root).filter((name) => name.endsWith('.tgz')),
    [],
  )
}

testPacked('npm pack refuses where a binary is missing', (t) => {
  const root = checkout('missing')
  rmSync(join(root, 'prebuilds/linux-arm64/miou.musl.node'))
  refuses(t, root, /^miou: missing: prebuilds\/linux-arm64\/miou\.musl\.node; npm run binaries/m)
})

testPacked('npm pack refuses where a binary is older than its sources', (t) => {
  const root = checkout('older')
  const binary = join(root, 'prebuilds/darwin-x64/miou.node')
  utimesSync(binary, 0, new Date(2000, 0))
  refuses(t, root, /^miou: older than the sources of the core: prebuilds\/darwin-x64\/miou\.node; npm run binaries/m)
})

testPacked('publint has nothing to say', (t) => {
  const project = Project.install(mkdir('publint'))
  const said = tool(
    t,
    'publint/src/cli.js',
    ['run', project.path('node_modules/miou'), '--pack', 'false', '--strict'],
    folder,
  )
  t.regex(said, /All good!/)
})

// That a CommonJS module gets an ES module by `require` is how it is meant: every Node that the package is for does it.
// .attw.json leaves that out.
testPacked('arethetypeswrong finds types in every resolution mode', (t) => {
  const said = tool(t, '@arethetypeswrong/cli/dist/index.js', [tarball, '--format', 'json'], built('.'))
  const { problems } = JSON.parse(said) as { problems: Record<string, { entrypoint?: string }[]> }
  t.deepEqual(
    Object.keys(problems ?? {}).filter((kind) => kind !== 'CJSResolvesToESM'),
    [],
  )
})

const MODES = {
  'an ES module, under nodenext': ['types.mts', '--module', 'nodenext'],
  'a CommonJS module, under nodenext': ['types.cts', '--module', 'nodenext'],
  'an ES module, under node20': ['types.mts', '--module', 'node20'],
  'a CommonJS module, under node20': ['types.cts', '--module', 'node20'],
  'a module for a bundler': ['types.mts', '--module', 'esnext', '--moduleResolution', 'bundler'],
}

testPacked('the types are of use to every kind of module', (t) => {
  const project = Project.install(mkdir('types'))
  project.copy('types.mts', 'types.cts')
  // What a project with TypeScript has beside the package.
  mkdirSync(project.path('node_modules/@types'))
  symlinkSync(built('node_modules/@types/node'), project.path('node_modules/@types/node'))
  const options = ['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2022,esnext.disposable', '--types', 'node']
  for (const [mode, [file, ...module]] of Object.entries(MODES)) {
    t.log(mode)
    tool(t, 'typescript/bin/tsc', [...options, ...module, file!], project.folder)
  }
})

function mkdir(name: string): string {
  const path = join(folder, name)
  mkdirSync(path)
  return path
}
