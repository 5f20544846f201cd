// `npm run package`: packs into target/package, where the tests of the package find it. Where binaries are missing or older
// than their sources, it says so and leaves nothing there: the tests then say that they were skipped.

import { mkdirSync, rmSync } from 'node:fs'
import { run, setup } from './setup.mjs'

setup('library')
rmSync('target/package', { recursive: true, force: true })
mkdirSync('target/package', { recursive: true })
run('packing', ['npm', 'pack', '--silent', '--pack-destination', 'target/package'])
