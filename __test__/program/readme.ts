import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from '../support/case.js'
import { Client, connected, freePort } from '../support/client.js'
import { built, Process } from '../support/process.js'

test("the README's first program compiles and serves", async (t) => {
  const [, text] = /```ts\n(.*?)```/s.exec(readFileSync(built('README.md'), 'utf8'))!
  const port = await freePort()
  const program = text!.replaceAll('5000', String(port))
  t.not(program, text)

  // Below the root of the checkout, where `miou` is the checkout itself.
  mkdirSync(built('build'), { recursive: true })
  const folder = mkdtempSync(built('build/readme-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'program.ts'), program)
  const settings = { extends: '../../tsconfig.json', include: [], files: ['program.ts'] }
  const compilerOptions = { rootDir: '.', outDir: '.', declaration: false, declarationMap: false }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ ...settings, compilerOptions }))
  const tsc = spawnSync(built('node_modules/.bin/tsc'), ['-p', folder], { encoding: 'utf8' })
  t.is(tsc.stdout + tsc.stderr, '')
  t.is(tsc.status, 0)

  const server = new Process(t, process.execPath, [join(folder, 'program.js')])
  const first = await connected(port)
  t.true(await first.echoes('hello'))
  for (let i = 0; i < 20; i++) {
    const client = await Client.connect(port)
    t.true(await client.echoes(`client ${i}`))
    client.end()
    t.is((await client.rest()).length, 0)
  }
  t.is(server.stderr, '')
})

test('what the README shows of an example is what is in it', (t) => {
  const [, ...shown] = [...readFileSync(built('README.md'), 'utf8').matchAll(/```ts\n(.*?)```/gs)].map(
    ([, text]) => text!,
  )
  const examples = readdirSync(built('examples')).filter((name) => name.endsWith('.ts'))
  const texts = examples.map((name) => readFileSync(built(`examples/${name}`), 'utf8'))
  t.true(shown.length > 0)
  for (const text of shown)
    t.true(
      texts.some((example) => example.includes(text)),
      text,
    )
})
