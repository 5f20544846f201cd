import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build as esbuild } from 'esbuild'
import { build as vite } from 'vite'
import { emptyFolder, Project, testPacked } from '../support/installation.js'

const folder = emptyFolder()

function project(name: string): Project {
  const path = join(folder, name)
  mkdirSync(path)
  const made = Project.install(path)
  made.copy('main.ts', 'work.ts')
  return made
}

for (const minify of [false, true]) {
  const how = minify ? 'minified ' : ''
  testPacked(`a program in one file that esbuild has ${how}bundled calls across domains`, async (t) => {
    const made = project(`esbuild${how.trim()}`)
    await esbuild({
      absWorkingDir: made.folder,
      entryPoints: ['main.ts'],
      outfile: 'out/main.mjs',
      bundle: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      minify,
      logLevel: 'silent',
    })
    const { code, stdout, stderr } = await made.run(t, 'out/main.mjs')
    t.is(stdout, '9 elsewhere\n', stderr)
    t.is(code, 0)
  })
}

testPacked('a program that vite has built for a server calls across domains', async (t) => {
  const made = project('vite')
  await vite({
    root: made.folder,
    configFile: false,
    logLevel: 'silent',
    build: {
      ssr: 'main.ts',
      outDir: 'out',
      minify: true,
      target: 'node20',
      rollupOptions: { output: { entryFileNames: '[name].mjs' } },
    },
  })
  const { code, stdout, stderr } = await made.run(t, 'out/main.mjs')
  t.is(stdout, '9 elsewhere\n', stderr)
  t.is(code, 0)
})

testPacked('a bundle that the package itself is taken into says at import that it has to stay outside', async (t) => {
  const made = project('swallowed')
  await esbuild({
    absWorkingDir: made.folder,
    entryPoints: ['main.ts'],
    outfile: 'out/main.mjs',
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'silent',
  })
  const { code, stderr } = await made.run(t, 'out/main.mjs')
  t.is(code, 1)
  t.regex(stderr, /miou has no binary that loads.*a bundler has put it in a file of its own.*external package/)
})

testPacked('a function whose name a bundler has taken away is refused where it is registered', async (t) => {
  const made = project('nameless')
  writeFileSync(
    made.path('nameless.mjs'),
    'import { portable } from "miou"\nexport default portable(import.meta, function* work() {})\n',
  )
  await esbuild({
    absWorkingDir: made.folder,
    entryPoints: ['nameless.mjs'],
    outfile: 'out/nameless.mjs',
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    minify: true,
    logLevel: 'silent',
  })
  const { code, stderr } = await made.run(t, 'out/nameless.mjs')
  t.is(code, 1)
  t.regex(stderr, /a portable function needs a name: .*third argument/)
})
