import * as Miou from 'miou'
import * as Unix from 'miou/unix'

/* Portable functions about descriptors that move. */

const { meta } = { meta: import.meta }
const { Ownership } = Unix

/** Echoes to the end of the stream, and says on which domain and how much. */
export const echo = Miou.portable(meta, function* echo(fd: Unix.FileDescr) {
  let total = 0
  for (let view = yield* Unix.readView(fd); view.length > 0; view = yield* Unix.readView(fd)) {
    total += view.length
    yield* Unix.write(fd, view)
  }
  Unix.close(fd)
  return [Miou.Domain.self(), total]
})

/** Writes to an owned descriptor, and gives it back to the parent. */
export const greet = Miou.portable(meta, function* greet(fd: Unix.FileDescr, text: string) {
  yield* Ownership.write(fd, text)
  yield* Miou.Ownership.transfer(Ownership.resource(fd))
  return fd
})

/** Takes an owned descriptor and fails. */
export const take = Miou.portable(meta, function* take(fd: Unix.FileDescr) {
  yield* Ownership.write(fd, 'taken')
  throw new Error(`failed on domain ${Miou.Domain.self()}`)
})

/** Makes a listener, and returns it with its address. */
export const listen = Miou.portable(meta, function* listen() {
  const fd = Unix.tcpv4()
  Unix.bindAndListen(fd, { host: '127.0.0.1', port: 0 })
  return { fd, address: Unix.address(fd) }
})

/** Reads so many bytes as text, and returns the descriptor. */
export const readSome = Miou.portable(meta, function* readSome(fd: Unix.FileDescr, length: number) {
  const buf = Buffer.alloc(length)
  yield* Unix.reallyRead(fd, buf)
  return { fd, text: buf.toString() }
})

/** Leaves a descriptor open, and says its number. */
export const leave = Miou.portable(meta, function* leave() {
  return Unix.toFileDescr(Unix.tcpv4())
})

/** Sends the next so many bytes of an owned stream back, or all up to its end; how many. The parent has it again. */
export const relay = Miou.portable(meta, function* relay(fd: Unix.FileDescr, most: number) {
  let left = most
  while (left > 0) {
    const view = yield* Ownership.readView(fd, { max: left })
    if (view.length === 0) break
    left -= view.length
    yield* Ownership.write(fd, view)
  }
  yield* Miou.Ownership.transfer(Ownership.resource(fd))
  return most - left
})

/** Sets word 0, and holds its domain up until word 1 is set. */
export const holdsUp = Miou.portable(meta, function* holdsUp(words: Int32Array) {
  Atomics.store(words, 0, 1)
  while (Atomics.load(words, 1) === 0);
})
