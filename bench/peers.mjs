// One echo server a peer. `prepare` builds or finds it, and says what is missing where it can't.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { program } from './packages.mjs'
import { bench, bin, build, cargo, Missing, version } from './toolchain.mjs'

const source = (name) => join(bench, 'peers', name)
const plain = (text) => text.replace(/^v/, '')

/**
 * @typedef {object} Ready
 * @property {string} version of the compiler or runtime
 * @property {string[]} one the command of a server with one thread; it takes a port and prints `listening PORT`
 * @property {string[]} [two] the same with two threads or processes
 * @property {Record<string, string>} [env]
 * @property {Record<string, string>} [envTwo]
 * @property {boolean} [quiet] its standard error is not read
 *
 * @typedef {object} Peer
 * @property {string} name what --only takes
 * @property {string} title for people
 * @property {boolean} [quick] in the short run
 * @property {boolean} [ours]
 * @property {() => Ready} prepare throws Missing
 */

const node26 = () => program('', 'node26', 'bin/node')

function miou(node, file) {
  if (!existsSync(join(bench, '..', 'dist', 'index.js'))) throw new Missing('dist/ is not built: npm run build')
  const one = [node, source(file)]
  return { version: `Node ${plain(version(node, '--version'))}`, one, two: [...one, '--servers', '2'] }
}

function nodeNet(node) {
  return { version: plain(version(node, '--version')), one: [node, source('node-net.mjs')] }
}

function ocaml(library, name) {
  const compiler = version('ocamlfind', 'ocamlopt', '-version')
  if (Number.parseInt(compiler, 10) < 5) throw new Missing(`OCaml ${compiler} is installed, 5 is needed`)
  version('ocamlfind', 'query', library)
  const file = source(`${name}.ml`)
  const output = join(bin, name)
  const command = ['ocamlfind', 'ocamlopt', '-O3', '-package', library, '-linkpkg', '-o', output, file]
  return { version: `OCaml ${compiler}`, one: [build(output, [file], command, { cwd: join(bench, '.peers') })] }
}

/** @type {Peer[]} */
export const peers = [
  {
    name: 'c-epoll',
    title: 'C, epoll',
    quick: true,
    prepare() {
      const file = source('c-epoll.c')
      const output = join(bin, 'c-epoll')
      const compiler = version('cc', '--version')
      const one = [build(output, [file], ['cc', '-O2', '-o', output, file])]
      return { version: compiler, one, two: ['sh', '-c', `exec ${one[0]} "$1" 2`, 'sh'] }
    },
  },
  {
    name: 'tokio',
    title: 'Rust, tokio',
    quick: true,
    prepare() {
      const one = [cargo(source('tokio'), 'tokio-echo')]
      return { version: version('rustc', '--version'), one, two: [...one, '--threads', '2'] }
    },
  },
  {
    name: 'go',
    title: 'Go',
    prepare() {
      const compiler = version('go', 'version').replace(/^go version /, '')
      const output = join(bin, 'go-echo')
      const folder = source('go')
      const one = [build(output, [folder], ['go', 'build', '-o', output, '.'], { cwd: folder })]
      return { version: compiler, one, env: { GOMAXPROCS: '1' }, two: one, envTwo: { GOMAXPROCS: '2' } }
    },
  },
  { name: 'miou', title: 'miou, Node 26', quick: true, ours: true, prepare: () => miou(node26(), 'miou.mjs') },
  {
    name: 'miou-view',
    title: 'miou readView, Node 26',
    quick: true,
    ours: true,
    prepare: () => miou(node26(), 'miou-view.mjs'),
  },
  {
    name: 'miou-ring',
    title: 'the ring of miou alone',
    ours: true,
    prepare: () => ({ ...miou(node26(), 'miou-ring.mjs'), two: undefined }),
  },
  {
    name: 'miou-store',
    title: 'miou in AsyncLocalStorage',
    ours: true,
    prepare: () => ({ ...miou(node26(), 'miou-store.mjs'), two: undefined }),
  },
  {
    name: 'miou-trace',
    title: 'miou with MIOU_TRACE',
    ours: true,
    // What it prints goes nowhere: the cost of making it is meant.
    prepare: () => ({ ...miou(node26(), 'miou.mjs'), two: undefined, env: { MIOU_TRACE: '1' }, quiet: true }),
  },
  { name: 'miou20', title: 'miou, this Node', ours: true, prepare: () => miou(process.execPath, 'miou.mjs') },
  {
    name: 'bun',
    title: 'Bun',
    quick: true,
    prepare() {
      const bun = program('@oven', 'bun-', 'bin/bun')
      return { version: version(bun, '--version'), one: [bun, source('bun.js')] }
    },
  },
  {
    name: 'deno',
    title: 'Deno',
    prepare() {
      const deno = program('@deno', '', 'deno')
      const one = [deno, 'run', '--quiet', '--allow-net', source('deno.js')]
      return { version: version(deno, '--version'), one, env: { DENO_NO_UPDATE_CHECK: '1' } }
    },
  },
  { name: 'node26', title: 'node:net, Node 26', quick: true, prepare: () => nodeNet(node26()) },
  { name: 'node', title: 'node:net, this Node', prepare: () => nodeNet(process.execPath) },
  {
    name: 'cluster',
    title: 'node:cluster, Node 26',
    prepare: () => ({ version: plain(version(node26(), '--version')), two: [node26(), source('node-cluster.mjs')] }),
  },
  {
    name: 'workers',
    title: 'workers with reusePort, Node 26',
    prepare: () => ({ version: plain(version(node26(), '--version')), two: [node26(), source('node-workers.mjs')] }),
  },
  {
    name: 'python',
    title: 'Python asyncio',
    prepare: () => ({ version: version('python3', '--version'), one: ['python3', source('asyncio-echo.py')] }),
  },
  { name: 'ocaml-miou', title: 'OCaml, Miou', prepare: () => ocaml('miou.unix', 'ocaml_miou') },
  { name: 'ocaml-eio', title: 'OCaml, Eio', prepare: () => ocaml('eio_main', 'ocaml_eio') },
]
