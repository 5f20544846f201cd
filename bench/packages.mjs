// Peers that npm carries: other versions of Node, Bun, Deno, and the libraries of the primitives. They go to
// .peers/node_modules, by name, without their install scripts: their programs are in packages of their own by platform.

import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bench, Missing } from './toolchain.mjs'

const folder = join(bench, '.peers')
const wanted = join(bench, 'peers', 'package.json')
const present = join(folder, 'package.json')
const importer = join(folder, 'import.mjs')

/**
 * Brings .peers/node_modules up to peers/package.json. Without a network what is there stays, and the rest is missing.
 * @param {(text: string) => void} say
 */
export function install(say) {
  const same = existsSync(present) && readFileSync(present, 'utf8') === readFileSync(wanted, 'utf8')
  if (same && existsSync(importer) && existsSync(join(folder, 'node_modules'))) return
  say('installing the peers that npm carries into bench/.peers')
  mkdirSync(folder, { recursive: true })
  copyFileSync(wanted, present)
  writeFileSync(importer, 'export const load = (name) => import(name)\n')
  try {
    const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock']
    execFileSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' })
  } catch (error) {
    say(`npm install failed, peers from npm may be missing: ${String(error.stderr ?? error.message).split('\n')[0]}`)
  }
}

/**
 * The path of a program that a platform package carries.
 * @param {string} scope the folder of node_modules that the platform packages are in
 * @param {string} prefix how their names begin
 * @param {string} path of the program in them
 * @throws {Missing}
 */
export function program(scope, prefix, path) {
  const packages = join(folder, 'node_modules', scope)
  const names = existsSync(packages) ? readdirSync(packages).filter((name) => name.startsWith(prefix)) : []
  const found = names.map((name) => join(packages, name, path)).find(existsSync)
  if (!found) throw new Missing(`npm has not installed ${scope}${scope && '/'}${prefix}`)
  return found
}

/**
 * Imports a library from .peers, by a module that lives there: names are looked up from where the import is written.
 * @throws {Missing}
 */
export async function library(name) {
  try {
    const { load } = await import(pathToFileURL(importer).href)
    return await load(name)
  } catch (error) {
    if (error.code === 'ERR_MODULE_NOT_FOUND') throw new Missing(`npm has not installed ${name}`)
    throw error
  }
}

/**
 * Imports this package, as it is built.
 * @throws {Missing}
 */
export async function ours() {
  const built = join(bench, '..', 'dist', 'index.js')
  if (!existsSync(built)) throw new Missing('dist/ is not built: npm run build')
  return await import(pathToFileURL(built).href)
}
