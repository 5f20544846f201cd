import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type * as Binding from './binding.js'

const require = createRequire(import.meta.url)
const find = require('node-gyp-build') as { (root: string): typeof Binding; path(root: string): string }
const root = fileURLToPath(new URL('..', import.meta.url))

/** The file that the Rust core is in: in a checkout the build of one's own, otherwise a prebuilt binary of the package. */
export function binary(): string {
  return find.path(root)
}

/** The Rust core. */
export const native: typeof Binding = find(root)
