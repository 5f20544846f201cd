import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { test } from './support/case.js'
import { built, miou, Process } from './support/process.js'

for (const args of [[], ['--help'], ['-h'], ['help']]) {
  test(`miou says which commands there are: miou ${args.join(' ')}`, async (t) => {
    const { code, stdout, stderr } = await miou(t, args).ended
    t.is(code, 0)
    t.is(stderr, '')
    t.regex(stdout, /miou echo/)
    t.regex(stdout, /miou info/)
  })
}

for (const option of ['--version', '-V']) {
  test(`miou ${option} prints the version, and nothing else`, async (t) => {
    const { code, stdout, stderr } = await miou(t, [option]).ended
    const { version } = JSON.parse(readFileSync(built('package.json'), 'utf8'))
    t.deepEqual({ code, stdout, stderr }, { code: 0, stdout: `${version}\n`, stderr: '' })
  })
}

for (const command of ['echo', 'info']) {
  test(`miou ${command} --help names every option`, async (t) => {
    const { code, stdout, stderr } = await miou(t, [command, '--help']).ended
    t.is(code, 0)
    t.is(stderr, '')
    for (const option of command === 'echo' ? ['--host', '--port', '--domains', '--json'] : ['--json']) {
      t.true(stdout.includes(option), option)
    }
  })
}

test('miou info says versions, platform, binary, poller and number of domains', async (t) => {
  const { code, stdout, stderr } = await miou(t, ['info', '--json']).ended
  t.is(code, 0)
  t.is(stderr, '')
  const { binary, ...facts } = JSON.parse(stdout)
  t.deepEqual(facts, {
    miou: JSON.parse(readFileSync(built('package.json'), 'utf8')).version,
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    poller: process.platform === 'linux' ? 'epoll' : 'kqueue',
    domains: availableParallelism(),
  })
  t.true(readFileSync(binary).length > 0)
  const words = (await miou(t, ['info']).ended).stdout
  for (const fact of [binary, ...Object.values(facts)]) t.true(words.includes(String(fact)), String(fact))
})

test('MIOU_DOMAINS, the number of extra domains, counts for info and echo as for any run', async (t) => {
  const env = { MIOU_DOMAINS: '2' }
  const info = new Process(t, process.execPath, [built('dist/program.js'), 'info', '--json'], env)
  t.is(JSON.parse((await info.ended).stdout).domains, 3)
  const echo = new Process(t, process.execPath, [built('dist/program.js'), 'echo', '--port', '0', '--json'], env)
  t.is(JSON.parse(await echo.line(0)).domains, 3)
  echo.kill('SIGINT')
  t.is((await echo.ended).code, 0)
})

test('miou echo takes the number of domains, of the machine where none is given', async (t) => {
  for (const [args, domains] of [
    [[], availableParallelism()],
    [['--domains', '1'], 1],
  ] as [string[], number][]) {
    const process = miou(t, ['echo', '--port', '0', '--json', ...args])
    t.is(JSON.parse(await process.line(0)).domains, domains)
    process.kill('SIGINT')
    const { stdout } = await process.ended
    t.is(JSON.parse(stdout.split('\n')[1]!).domains.length, domains)
  }
})

for (const host of ['::1', 'localhost']) {
  test(`miou echo --host ${host} listens there on every domain`, async (t) => {
    const process = miou(t, ['echo', '--host', host, '--port', '0', '--json', '--domains', '2'])
    const first = await Promise.race([process.line(0), process.ended])
    if (typeof first !== 'string') {
      t.regex(first.stderr, /is no address of this machine/, 'there is no IPv6 here')
      return
    }
    t.regex(JSON.parse(first).host, host === '::1' ? /^::1$/ : /^(127\.0\.0\.1|::1)$/)
    process.kill('SIGINT')
    t.is((await process.ended).code, 0)
  })
}
