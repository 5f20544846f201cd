import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import test from 'ava'

const root = fileURLToPath(new URL('..', import.meta.url))
const file = '__test__/types/wrong.ts'

/** What the compiler says of a file: its lines with errors. */
function errorsOf(name: string): Promise<number[]> {
  const options = [
    '--ignoreConfig',
    '--noEmit',
    '--strict',
    '--exactOptionalPropertyTypes',
    '--module',
    'nodenext',
    '--target',
    'es2022',
  ]
  const command = [
    'node_modules/typescript/bin/tsc',
    ...options,
    '--lib',
    'es2022,esnext.disposable',
    '--types',
    'node',
    name,
  ]
  return new Promise((resolve) => {
    execFile(process.execPath, command, { cwd: root }, (_, stdout) => {
      const at = new RegExp(`^${name.replaceAll('.', '\\.')}\\((\\d+),`, 'gm')
      resolve([...new Set([...stdout.matchAll(at)].map(([, line]) => Number(line)))])
    })
  })
}

test('types catch what types can: of a program full of mistakes, exactly the wrong lines are refused', async (t) => {
  const lines = (await readFile(`${root}${file}`, 'utf8')).split('\n')
  const wrong = lines.flatMap((line, index) => (line.endsWith('// wrong') ? [index + 1] : []))
  t.true(wrong.length > 15)
  t.deepEqual(await errorsOf(file), wrong)
})
