import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  constants,
  fstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { test } from '../support/case.js'
import {
  closing,
  connection,
  failsWith,
  listening,
  onOneDomain,
  readAll,
  settle,
  throwsIn,
} from '../support/loopback.js'
import { refuses } from '../support/refusal.js'
import { promised } from '../support/waiting.js'
import { program } from '../support/process.js'

/** Runs `body` in a folder of its own. */
function* withFolder(body: (folder: string) => Generator<Miou.Suspension, void>) {
  const folder = mkdtempSync(join(tmpdir(), 'miou-'))
  try {
    yield* body(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The numbers of both ends of a pipe. */
function pipe(folder: string): [number, number] {
  const path = join(folder, 'pipe')
  execFileSync('mkfifo', [path])
  const read = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const write = openSync(path, constants.O_WRONLY)
  rmSync(path)
  return [read, write]
}

for (const nonBlocking of [true, false]) {
  const mode = nonBlocking ? 'non-blocking' : 'blocking'

  onOneDomain(`a pipe is read and written in ${mode} mode, and ends`, function* (t) {
    yield* withFolder(function* (folder) {
      const [input, output] = pipe(folder).map((number) => Unix.ofFileDescr(number, { nonBlocking })) as [
        Unix.FileDescr,
        Unix.FileDescr,
      ]
      const data = Buffer.alloc(1_000_000, 'pipe ')
      const writing = Miou.async(function* () {
        yield* Unix.sleep(5)
        yield* Unix.write(output, data)
        Unix.close(output)
      })
      let others = 0
      const other = Miou.async(function* () {
        for (;;) {
          others++
          yield* Miou.yield()
        }
      })
      t.true((yield* readAll(input)).equals(data))
      t.true(others > 10, 'others run meanwhile')
      yield* writing
      yield* Miou.cancel(other)
      Unix.close(input)
    })
  })

  onOneDomain(`the side that a pipe in ${mode} mode does not have is EBADF, and nobody waits for it`, function* (t) {
    yield* withFolder(function* (folder) {
      const [input, output] = pipe(folder)
      const [reads, writes] = [Unix.ofFileDescr(input, { nonBlocking }), Unix.ofFileDescr(output, { nonBlocking })]
      yield* failsWith(t, () => Unix.write(reads, 'x'), 'EBADF')
      yield* failsWith(t, () => Unix.read(writes, Buffer.alloc(1)), 'EBADF')
      closing(reads, writes)
    })
  })

  onOneDomain(`an inherited listener works in ${mode} mode, and so do its connections`, function* (t) {
    const [listener, address] = listening()
    const program = fileURLToPath(new URL('../programs/inherited.js', import.meta.url))
    const child = spawn(process.execPath, [program, mode], {
      stdio: ['ignore', 'inherit', 'inherit', Unix.toFileDescr(listener)],
    })
    const ended = once(child, 'close')
    Unix.close(listener)
    const data = Buffer.alloc(2_000_000, 'inherited ')
    for (let i = 0; i < 2; i++) {
      const client = Unix.tcpv4()
      yield* Unix.connect(client, address)
      yield* Unix.write(client, data)
      Unix.shutdown(client, 'write')
      t.true((yield* readAll(client)).equals(data))
      Unix.close(client)
    }
    t.is((yield* promised(ended))[0], 0)
  })
}

onOneDomain('a regular file is read to its end, and written: it never has to be waited for', function* (t) {
  yield* withFolder(function* (folder) {
    const path = join(folder, 'file')
    writeFileSync(path, 'x'.repeat(100_000))
    const input = Unix.ofFileDescr(openSync(path, 'r'))
    t.is((yield* readAll(input)).length, 100_000)
    t.is(yield* Unix.read(input, Buffer.alloc(1)), 0)
    const output = Unix.ofFileDescr(openSync(path, 'w'))
    yield* Unix.write(output, 'y'.repeat(200_000))
    t.is(readFileSync(path, 'latin1'), 'y'.repeat(200_000))
    const nothing = Unix.ofFileDescr(openSync('/dev/null', 'r+'))
    yield* Unix.write(nothing, 'gone')
    t.is(yield* Unix.read(nothing, Buffer.alloc(1)), 0)
    closing(input, output, nothing)
  })
})

onOneDomain('toFileDescr is the number that the system knows it by', function* (t) {
  const fd = Unix.tcpv4()
  const number = Unix.toFileDescr(fd)
  t.true(fstatSync(number).isSocket())
  Unix.close(fd)
  t.throws(() => fstatSync(number), { code: 'EBADF' })
  refuses(t, () => Unix.toFileDescr(fd), Miou.Closed)
})

onOneDomain('what is no number is refused; one that is not open is EBADF', function* (t) {
  for (const number of [-1, 1.5, Number.NaN, '3', undefined, 2 ** 31]) {
    refuses(t, () => Unix.ofFileDescr(number as number), Miou.InvalidArgument, /number of a descriptor/)
  }
  t.is(t.throws<Unix.SystemError>(() => Unix.ofFileDescr(99_999)).code, 'EBADF')
})

onOneDomain('a file is no socket: what only sockets have is ENOTSOCK', function* (t) {
  const fd = Unix.ofFileDescr(openSync('/dev/null', 'r+'))
  for (const call of [
    () => Unix.address(fd),
    () => Unix.peer(fd),
    () => Unix.shutdown(fd),
    () => Unix.setOptions(fd, { keepAlive: 1000 }),
  ]) {
    t.is(t.throws<Unix.SystemError>(call).code, 'ENOTSOCK')
  }
  refuses(t, () => Unix.accept(fd), Miou.InvalidArgument)
  refuses(t, () => Unix.connect(fd, { path: '/x' }), Miou.InvalidArgument)
  refuses(t, () => Unix.recvfrom(fd, Buffer.alloc(1)), Miou.InvalidArgument)
  Unix.close(fd)
})

test('a socket in blocking mode does not connect', async (t) => {
  const { stdout, stderr } = await program(t, 'blocking').ended
  t.regex(stdout, /^true .*non-blocking/, stderr)
})

onOneDomain('a descriptor that a domain holds is not taken over again: it would be closed twice', function* (t) {
  const socket = Unix.tcpv4()
  const number = Unix.toFileDescr(socket)
  t.is(t.throws<Unix.SystemError>(() => Unix.ofFileDescr(number)).code, 'EBUSY')
  Unix.close(socket)
  t.is(t.throws<Unix.SystemError>(() => Unix.ofFileDescr(number)).code, 'EBADF')
})

onOneDomain(
  'a descriptor that somebody else has closed is EBADF; who waits on it can be cancelled, and it can be closed',
  function* (t) {
    const [client, server] = yield* connection()
    const waiting = Miou.async(() => Unix.read(server, Buffer.alloc(1)))
    yield* settle()
    closeSync(Unix.toFileDescr(server))
    yield* failsWith(t, () => Unix.write(server, 'x'), 'EBADF')
    t.is(waiting.state, 'running')
    yield* Miou.cancel(waiting)
    closing(client, server)
  },
)

onOneDomain('a handle never reaches the next owner of its number', function* (t) {
  const [client, server] = yield* connection()
  const number = Unix.toFileDescr(server)
  const waiting = Miou.async(() => Unix.read(server, Buffer.alloc(1)))
  yield* settle()
  Unix.close(server)
  const others = [Unix.tcpv4()]
  while (Unix.toFileDescr(others.at(-1)!) < number) others.push(Unix.tcpv4())
  const next = others.pop()!
  t.is(Unix.toFileDescr(next), number, 'the system gives the lowest number that is free')
  yield* throwsIn(t, () => waiting, Miou.Closed)
  yield* throwsIn(t, () => Unix.read(server, Buffer.alloc(1)), Miou.Closed)
  refuses(t, () => Unix.close(server), Miou.Closed)
  refuses(t, () => Unix.address(server), Miou.Closed)
  t.deepEqual(Unix.address(next), { host: '0.0.0.0', port: 0 }, 'the next owner is not touched')
  closing(client, next, ...others)
})

test('closing 0, 1 and 2 leaves them open: the next file must not get their number', async (t) => {
  const program = fileURLToPath(new URL('../programs/standard.js', import.meta.url))
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] })
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stdin.end('from standard input')
  const [code] = await once(child, 'close')
  t.is(code, 0)
  t.is(out, 'FROM STANDARD INPUT\nand console.log still works\n')
})

onOneDomain('what is written to a pipe by somebody else is read', function* (t) {
  yield* withFolder(function* (folder) {
    const [input, output] = pipe(folder)
    const fd = Unix.ofFileDescr(input)
    const reading = Miou.async(() => readAll(fd))
    yield* settle()
    writeSync(output, 'by hand')
    closeSync(output)
    t.is((yield* reading).toString(), 'by hand')
    Unix.close(fd)
  })
})
