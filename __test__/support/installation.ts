import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import anyTest, { type ExecutionContext } from 'ava'
import { boundEnding } from './ending.js'
import { built, type Ended, Process } from './process.js'

/** Milliseconds that an installation, or a tool of others, may take. */
const PATIENCE = 240_000

const { name, version } = JSON.parse(readFileSync(built('package.json'), 'utf8')) as { name: string; version: string }

/** The package as `npm pack` makes it. It is there only where every binary is up to date. */
export const tarball = built(`target/package/${name}-${version}.tgz`)

/** A test case about the packed package, which says so and ends where there is none. */
export function testPacked(title: string, body: (t: ExecutionContext) => Promise<void> | void): void {
  boundEnding()
  anyTest.serial(title, async (t) => {
    t.timeout(PATIENCE)
    if (!existsSync(tarball)) {
      t.log('skipped: nothing is packed; npm run binaries && npm run package')
      t.pass()
      return
    }
    await body(t)
  })
}

/** A folder of a user's, of its own for this file of tests. */
export function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'miou-package-'))
  anyTest.after.always(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** What npm has installed for this file of tests, by the Node that npm ran on. */
const installed = new Map<string, string>()

/** npm, as JavaScript: any Node can run it. */
function npm(): string {
  const path = join(execFileSync('npm', ['root', '--global'], { encoding: 'utf8' }).trim(), 'npm', 'bin', 'npm-cli.js')
  return existsSync(path) ? path : process.env.npm_execpath!
}

/** A project of a user's that has the package and nothing else, on a machine that has Node and nothing else. */
export class Project {
  /** Its home is empty, and on its PATH there is `node`. */
  readonly env: NodeJS.ProcessEnv

  private constructor(
    readonly folder: string,
    readonly node: string,
  ) {
    this.env = { HOME: join(folder, 'home'), PATH: join(folder, 'bin') }
  }

  /**
   * A project in `folder`, to be run by `node`, that has the package as npm installs it; npm runs on that Node too, unless
   * another one is given for it. Scripts of packages are not run. What npm has installed once is copied.
   */
  static install(folder: string, node = process.execPath, installer = node): Project {
    const project = new Project(folder, node)
    for (const path of [project.env.HOME!, project.env.PATH!]) mkdirSync(path, { recursive: true })
    symlinkSync(node, join(project.env.PATH!, 'node'))
    writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
    if (!installed.has(installer)) installed.set(installer, project.install(installer))
    cpSync(installed.get(installer)!, project.path('node_modules'), { recursive: true, verbatimSymlinks: true })
    return project
  }

  /** Installs the package in a folder of its own, beside this one; its node_modules. */
  private install(installer: string): string {
    const folder = mkdtempSync(`${this.folder}-npm-`)
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
    const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
    // Which registry that is, and whom it trusts, may be said in the home that is left out, or beside this Node.
    const settings = ['registry', 'userconfig', 'globalconfig'].map((key) => [
      `npm_config_${key}`,
      execFileSync('npm', ['config', 'get', key], { encoding: 'utf8' }).trim(),
    ])
    const env = { ...process.env, ...this.env, ...Object.fromEntries(settings) }
    const { status, stderr } = spawnSync(installer, [npm(), 'install', ...quiet, tarball], {
      cwd: folder,
      env,
      encoding: 'utf8',
      timeout: PATIENCE,
    })
    if (status !== 0) throw new Error(`npm install ended with ${status}: ${stderr}`)
    return join(folder, 'node_modules')
  }

  /** Copies files of __test__/package/project into it. */
  copy(...names: string[]): void {
    for (const name of names) cpSync(built(`__test__/package/project/${name}`), join(this.folder, name))
  }

  /** The path of a file in it. */
  path(name: string): string {
    return join(this.folder, name)
  }

  /** Starts a program of it; `miou` is the one of the package. */
  start(t: ExecutionContext, ...[program, ...args]: [string, ...string[]]): Process {
    const path = program === 'miou' ? this.path('node_modules/.bin/miou') : this.path(program)
    return new Process(t, this.node, [path, ...args], this.env)
  }

  /** Runs a program of it to its end. */
  run(t: ExecutionContext, ...command: [string, ...string[]]): Promise<Ended> {
    return this.start(t, ...command).ended
  }
}

/** Runs a tool of the checkout, whose bin is given by its path; its output. */
export function tool(t: ExecutionContext, path: string, args: string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [built(`node_modules/${path}`), ...args], {
    cwd,
    encoding: 'utf8',
    timeout: PATIENCE,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
  })
  t.is(status, 0, `${stdout}${stderr}`)
  return `${stdout}${stderr}`
}
