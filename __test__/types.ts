import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import test from 'ava'

const root = fileURLToPath(new URL('..', import.meta.url))
const file = '__test__/types/wrong.ts'

/** What the compiler says of a file and all that it imports: `file:line: code`. */
function errorsOf(name: string): Promise<string[]> {
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
      resolve(
        [...stdout.matchAll(/^(\S+)\((\d+),\d+\): error (TS\d+)/gm)].map(
          ([, at, line, code]) => `${at}:${line}: ${code}`,
        ),
      )
    })
  })
}

test('types catch what types can: of programs full of mistakes, exactly the wrong lines are refused, for what is wrong', async (t) => {
  const lines = (await readFile(`${root}${file}`, 'utf8')).split('\n')
  const wrong = lines.flatMap((line, index) => {
    const code = / \/\/ wrong: (TS\d+)$/.exec(line)?.[1]
    return code === undefined ? [] : [`${file}:${index + 1}: ${code}`]
  })
  t.true(wrong.length > 100)
  t.deepEqual(await errorsOf(file), wrong)
})

test('what is for the package alone is not in its types', async (t) => {
  const files = (await readdir(`${root}dist`, { recursive: true })).filter((name) => name.endsWith('.d.ts'))
  t.true(files.length > 50)
  for (const name of files) t.notRegex(await readFile(`${root}dist/${name}`, 'utf8'), /@internal/, name)
})
