import { readFileSync } from 'node:fs'
import { test } from '../support/case.js'
import { built } from '../support/process.js'

interface Entry {
  integrity?: string
  optionalDependencies?: Record<string, string>
}

const { packages } = JSON.parse(readFileSync(built('package-lock.json'), 'utf8')) as { packages: Record<string, Entry> }

test('each package of the lock file has a hash', (t) => {
  const without = Object.entries(packages).filter(([path, { integrity }]) => path !== '' && integrity === undefined)
  t.deepEqual(
    without.map(([path]) => path),
    [],
  )
})

test('the lock file has the tools’ binaries for every platform: npm ci refuses it elsewhere otherwise', (t) => {
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) =>
        packages[`node_modules/${name}`] === undefined && packages[`${path}/node_modules/${name}`] === undefined,
    ),
  )
  t.deepEqual(missing, [])
})
