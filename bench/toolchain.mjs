// Compilers: what is built from sources goes to .peers/bin, and is built again when its sources are newer.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const bench = dirname(fileURLToPath(import.meta.url))
export const bin = join(bench, '.peers', 'bin')

/** A peer that can't run here: its message names what is missing. */
export class Missing extends Error {}

const root = join(bench, '..')

/**
 * Why something failed, in one line and without this machine's paths: results are published.
 * @param {Error & { stderr?: string }} error
 */
export function reason(error) {
  const lines = `${error.message}\n${error.stderr ?? ''}`.split('\n').map((line) => line.trim())
  const telling = lines.find((line) => /^(\w*Error|error|load|fatal)\b/.test(line))
  return (telling ?? lines[0]).replaceAll(`${root}/`, '').replaceAll(process.execPath, 'node')
}

/**
 * The first line that a program says about its version.
 * @throws {Missing} where it can't be run
 */
export function version(program, ...args) {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
      .split('\n')[0]
      .trim()
  } catch {
    throw new Missing(`${program} is not installed`)
  }
}

/**
 * Builds `output` unless it is newer than everything in `sources`.
 * @param {string} output a path
 * @param {string[]} sources files or folders
 * @param {string[]} command
 * @throws {Missing} with what the compiler said
 */
export function build(output, sources, command, options = {}) {
  if (existsSync(output) && statSync(output).mtimeMs >= Math.max(...sources.map(newest))) return output
  mkdirSync(dirname(output), { recursive: true })
  try {
    execFileSync(command[0], command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8', ...options })
  } catch (error) {
    throw new Missing(
      error.code === 'ENOENT' ? `${command[0]} is not installed` : `it does not build: ${reason(error)}`,
    )
  }
  return output
}

/** `cargo build --release` of a crate that stands alone; its program's path. */
export function cargo(folder, name) {
  version('cargo', '--version')
  const output = join(folder, 'target', 'release', name)
  const sources = [join(folder, 'src'), join(folder, 'Cargo.toml')]
  return build(output, sources, ['cargo', 'build', '--release', '--quiet'], { cwd: folder })
}

function newest(path) {
  const status = statSync(path)
  if (!status.isDirectory()) return status.mtimeMs
  return Math.max(...readdirSync(path).map((name) => newest(join(path, name))))
}
