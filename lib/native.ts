import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type * as Binding from './binding.js'

const require = createRequire(import.meta.url)

/** The Rust core. In a checkout the build of one's own is taken, otherwise a prebuilt binary of the package. */
export const native: typeof Binding = require('node-gyp-build')(fileURLToPath(new URL('..', import.meta.url)))
