// Makes dist/*.js of lib: one file of all that tasks run through, since V8 reads an import through a cell each time, and a
// constant of the same file not at all. Each module keeps a file of its own, which passes on what is there.

import { readdirSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'

const lib = resolve('lib')
const modules = readdirSync(lib, { recursive: true }).filter((file) => file.endsWith('.ts') && file !== 'binding.ts')
/** What does something when it is imported, and what is only for those who ask for it. */
const apart = (file) => /^(worker|program|node)[./]/.test(file)
const inputs = (files) => Object.fromEntries(files.map((file) => [file.replace(/\.ts$/, ''), join(lib, file)]))

const options = { platform: 'node', transform: { target: 'es2022' } }
const output = { dir: 'dist', sourcemap: true, entryFileNames: '[name].js' }

export default [
  {
    ...options,
    input: inputs(modules.filter((file) => !apart(file))),
    external: ['node-gyp-build'],
    output: { ...output, chunkFileNames: '[name].js', codeSplitting: { groups: [{ name: 'miou' }] } },
  },
  {
    ...options,
    input: inputs(modules.filter(apart)),
    external: (id, importer) => id.startsWith('.') && importer && !apart(relative(lib, resolve(importer, '..', id))),
    // What `using` becomes for Node 20 and 22 is a module of the compiler's, with a path of its version.
    output: {
      ...output,
      preserveModules: true,
      preserveModulesRoot: 'lib',
      entryFileNames: ({ name }) => (name.endsWith('/usingCtx') ? 'program/using.js' : '[name].js'),
    },
  },
]
