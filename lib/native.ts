import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type * as Binding from './binding.js'
import { reserveBinary } from './copies.js'
import { libcOf } from './libc.js'

interface Loader {
  (root: string): typeof Binding
  path(root: string): string
}

const root = fileURLToPath(new URL('..', import.meta.url))
const libc = process.platform === 'linux' ? libcOf(process.execPath) : undefined

/** Runtimes that are like Node from JavaScript, but that a domain has no event loop to ride on in. */
const LACKING: Record<string, string> = { bun: 'Bun', deno: 'Deno' }

/** What the loader found; the file is found once, on each thread. */
const { file, core } = load()

/** The file that the Rust core is in: in a checkout the build of one's own, otherwise a prebuilt binary of the package. */
export function binary(): string {
  return file
}

/** The Rust core. */
export const native: typeof Binding = core

function load(): { file: string; core: typeof Binding } {
  const other = Object.keys(LACKING).find((name) => name in process.versions)
  if (other !== undefined) {
    throw unavailable(
      `miou runs on Node only, and this is ${LACKING[other]} ${process.versions[other]}: its domains ride on Node's ` +
        `own event loop (libuv), which ${LACKING[other]} does not have`,
    )
  }
  try {
    const find = loader()
    const file = find.path(root)
    reserveBinary(file)
    return { file, core: find(root) }
  } catch (error) {
    const { message } = error as Error
    const platform = [process.platform, process.arch, libc].filter(Boolean).join(' ')
    throw unavailable(
      `miou has no binary that loads on ${platform} with Node ${process.versions.node}${bundled()}: ${message.trim()}`,
      { cause: error },
    )
  }
}

/** node-gyp-build, which takes a system for one with musl only if it is Alpine, unless it is told. */
function loader(): Loader {
  const { env } = process
  const told = env.LIBC
  if (told === undefined && libc !== undefined) env.LIBC = libc
  try {
    return createRequire(import.meta.url)('node-gyp-build') as Loader
  } finally {
    if (told === undefined) delete env.LIBC
  }
}

/** What is to be done where a bundler has taken this module away from its package. */
function bundled(): string {
  try {
    if (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).name === 'miou') return ''
  } catch {
    // There is none, or it is not one.
  }
  return ' (a bundler has put it in a file of its own: miou has to stay out of bundles, as an external package)'
}

function unavailable(message: string, options?: ErrorOptions): Error {
  return Object.assign(new Error(message, options), { code: 'ERR_MIOU_UNAVAILABLE' })
}
