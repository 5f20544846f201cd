import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { pathToFileURL } from 'node:url'
import type { ExecutionContext } from 'ava'
import { test } from '../support/case.js'
import { sharedObject } from '../support/elf.js'
import { bundle } from '../support/mach-o.js'
import { built } from '../support/process.js'

interface Target {
  platform: string
  arch: string
  libc?: string
  since?: string
}

const { targets, nameOf, binaryOf } = (await import(pathToFileURL(built('npm/targets.mjs')).href)) as {
  targets: Target[]
  nameOf(target: Target): string
  binaryOf(target: Target): string
}

/** What each C library is known by. Their parts (threads, dlopen, the loader) are files of their own in the older ones. */
const LIBC = {
  glibc:
    /^(libc\.so\.6|libpthread\.so\.0|libdl\.so\.2|libm\.so\.6|librt\.so\.1|ld-linux-(x86-64\.so\.2|aarch64\.so\.1))$/,
  musl: /^libc\.so$/,
  freebsd:
    /^(libc\.so\.7|libthr\.so\.3|libm\.so\.5|librt\.so\.1|libexecinfo\.so\.1|libutil\.so\.\d+|libkvm\.so\.7|libmemstat\.so\.3|libprocstat\.so\.1|libdevstat\.so\.7)$/,
  darwin: /^\/usr\/lib\/libSystem\.B\.dylib$/,
}

/** What comes from the program that loads the binary: Node-API, and libuv. */
const NODE = /^(napi_|uv_)/

/** A test of a binary, which says so and ends where that was not built. */
function of(target: Target, title: string, body: (t: ExecutionContext, file: Buffer) => void): void {
  test(`${nameOf(target)}: ${title}`, (t) => {
    let file: Buffer
    try {
      file = readFileSync(built(binaryOf(target)))
    } catch {
      t.log('skipped: it is not built; npm run binaries builds it')
      t.pass()
      return
    }
    body(t, file)
    t.false(file.includes(built('.')), 'it has a path of the machine that it was built on')
  })
}

/** Whether a version is not above another. */
function within(version: string, limit: string): boolean {
  const [a, b] = [version.split('.').map(Number), limit.split('.').map(Number)]
  return a[0]! < b[0]! || (a[0] === b[0] && (a[1] ?? 0) <= (b[1] ?? 0))
}

for (const target of targets) {
  const { platform, arch, libc, since } = target

  if (platform === 'darwin') {
    of(target, `a bundle for macOS ${since}, signed, that names only the system's library`, (t, file) => {
      const { cpu, minimum, needed, defined, wanted, signed } = bundle(file)
      t.is(cpu, arch === 'arm64' ? 0x100000c : 0x1000007)
      t.is(minimum, since)
      t.deepEqual(
        needed.filter((name) => !LIBC.darwin.test(name)),
        [],
      )
      t.true(defined.includes('napi_register_module_v1'), defined.join(' '))
      t.true(wanted.includes('uv_poll_start') && wanted.includes('kevent'), wanted.join(' '))
      // Macs with an Intel processor take one without.
      if (arch === 'arm64') t.is(signed, true)
      else t.not(signed, false)
    })
    continue
  }

  of(target, 'it names nothing but the C library, and has what Node looks for', (t, file) => {
    const { machine, needed, paths, symbols } = sharedObject(file)
    t.is(machine, arch === 'arm64' ? 183 : 62)
    const known = LIBC[(libc ?? platform) as keyof typeof LIBC]
    t.deepEqual(
      needed.filter((name) => !known.test(name)),
      [],
    )
    t.deepEqual(paths, [])
    t.true(symbols.some(({ name, defined }) => defined && name === 'napi_register_module_v1'))
    t.true(symbols.some(({ name, defined }) => !defined && name === 'uv_poll_start'))
  })

  if (libc !== 'glibc') continue
  of(target, `no symbol that it needs is newer than glibc ${since}`, (t, file) => {
    const needed = sharedObject(file).symbols.filter(({ name, defined }) => !defined && !NODE.test(name))
    const versions = new Set(needed.flatMap(({ version }) => version ?? []))
    const glibc = [...versions].filter((version) => version.startsWith('GLIBC_'))
    t.true(glibc.length > 0)
    t.deepEqual(
      [...versions].filter((version) => !glibc.includes(version)),
      [],
    )
    const newer = glibc.filter((version) => !within(version.slice('GLIBC_'.length), since!))
    t.deepEqual(newer, [])
    t.log(`newest: ${glibc.sort((a, b) => (within(a.slice(6), b.slice(6)) ? 1 : -1))[0]}`)
  })
}

/** `npm run binaries` with these arguments, and nothing on the PATH, ends with `code`; what it says. */
function building(t: ExecutionContext, code: number, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [built('npm/binaries.mjs'), ...args], {
    encoding: 'utf8',
    env: { ...process.env, PATH: '/nowhere' },
  })
  t.is(status, code)
  t.is(stdout, '')
  return stderr
}

test('npm run binaries says which targets there are', (t) => {
  t.regex(
    building(t, 1, '--platform', 'win32'),
    /^miou: no binary is built for that; these are: linux-x64-glibc, .*\n$/,
  )
  t.regex(building(t, 1, '--libc', 'musl', '--platform', 'darwin'), /^miou: no binary is built for that; these are: /)
})

test('npm run binaries says what is missing, and ends with 69', (t) => {
  t.regex(building(t, 69, '--platform', 'freebsd', '--out', tmpdir()), /^miou: no rustup on the PATH: .*\n$/)
})
