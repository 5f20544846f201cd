import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { built } from './process.js'

/** Milliseconds that an installation may take. */
const PATIENCE = 100_000

function works(path: string): boolean {
  return spawnSync(path, ['--version']).status === 0
}

/**
 * The path of a Node of that major version: the one that runs the tests, or one that npm carries as a package, which is
 * installed into a cache once. Undefined, with the reason in `why`, where it can't be had.
 */
export function nodeOf(major: number): { path: string } | { path: undefined; why: string } {
  if (Number(process.versions.node.split('.')[0]) === major) return { path: process.execPath }
  const name = `node-${process.platform}-${process.arch}`
  const folder = built(`node_modules/.cache/node-versions/${major}`)
  const path = join(folder, 'node_modules', name, 'bin', 'node')
  if (works(path)) return { path }
  mkdirSync(folder, { recursive: true })
  const quiet = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error', '--fetch-retries=1']
  const npm = spawnSync('npm', ['install', '--prefix', folder, ...quiet, `${name}@${major}`], { timeout: PATIENCE })
  if (works(path)) return { path }
  return {
    path: undefined,
    why: `${name}@${major} can't be installed: ${npm.error?.message ?? `npm ended with ${npm.status}`}`,
  }
}
