// Echo over the ring alone: no tasks, no ownership, no ranges, nothing checked. Generators, and one turn for all that they
// submit: what is left of miou where all policy is taken away, for comparison with what the policy costs.
//
//   node miou-ring.mjs 7000
import { onWake, rust } from '../../dist/domain-thread.js'
import {
  ACCEPT,
  ASLEEP,
  COMPLETED,
  completionAt,
  drained,
  GENERATION,
  hasRoom,
  IDLE,
  LOOK,
  READ,
  receiveArea,
  releaseBytes,
  reserve,
  sendArea,
  submit,
  WRITE,
  words,
} from '../../dist/ring.js'
import { decode, encode } from '../../dist/unix/address.js'

const PIECE = 64 * 1024
const SHORT = 128
const ROUND = 64
/** Token of the one accept. */
const LISTENER = 0

const core = rust()
const received = new DataView(receiveArea.buffer, receiveArea.byteOffset, receiveArea.byteLength)
const sent = new DataView(sendArea.buffer, sendArea.byteOffset, sendArea.byteLength)
const suspended = { done: false, value: undefined }
const answer = { done: true, value: 0 }

/** A connection, which is its own operation: one at a time. Its token is its place among them. */
class Connection {
  result = 0
  at = 0
  over = false

  constructor(index, generation) {
    this.index = index
    this.generation = generation
    this.token = connections.push(this) - 1
    this.code = echo(this)
  }

  [Symbol.iterator]() {
    this.over = false
    return this
  }

  next() {
    if (!this.over) return suspended
    answer.value = this.result
    return answer
  }

  read() {
    submit(READ, this.token, this.index, this.generation, PIECE, 0, 0)
    return this
  }

  /** Writes what was read last. */
  write(length) {
    const { at } = this
    const to = reserve(length)
    if (length > SHORT) receiveArea.copy(sendArea, to, at, at + length)
    else for (let i = 0; i < length; i += 4) sent.setInt32(to + i, received.getInt32(at + i, true), true)
    releaseBytes()
    submit(WRITE, this.token, this.index, this.generation, to, length, 0)
    return this
  }
}

const connections = [null]
let ready = []

function* echo(connection) {
  for (;;) {
    const length = yield* connection.read()
    if (length === 0) releaseBytes()
    if (length <= 0) break
    yield* connection.write(length)
  }
  core.close(connection.index, connection.generation)
}

function completed(token, result, a) {
  if (token !== LISTENER) {
    const connection = connections[token]
    connection.result = result
    connection.at = a
    connection.over = true
    ready.push(connection)
    return
  }
  releaseBytes()
  ready.push(new Connection(result, a))
  accept()
}

/** Milliseconds when the poller was last to be looked at, whatever happens. */
let looked = 0

function tick() {
  const start = performance.now()
  if (start - looked >= 1) {
    words[LOOK] = 1
    looked = start
  }
  for (let now = start; now - start < 1; now = performance.now()) {
    words[IDLE] = ready.length === 0 ? 1 : 0
    core.turn()
    drained()
    for (let i = 0; i < words[COMPLETED]; i++) {
      const at = completionAt(i)
      completed(words[at], words[at + 1], words[at + 2])
    }
    words[COMPLETED] = 0
    if (ready.length === 0) {
      if (words[ASLEEP] === 0) setImmediate(tick)
      return
    }
    let i = 0
    for (const end = Math.min(ROUND, ready.length); i < end && hasRoom(); i++) ready[i].code.next()
    ready = i === ready.length ? [] : ready.slice(i)
  }
  setImmediate(tick)
}

const listener = core.socket(4, false)
const generation = words[GENERATION]
const port = Number(process.argv[2])
const bound = core.bind(listener, generation, encode({ host: '127.0.0.1', port }, 'bind'), 1024, true, 0)
if (bound < 0) throw new Error(`port ${port}: error ${-bound}`)

function accept() {
  submit(ACCEPT, LISTENER, listener, generation, 0, 0, 0)
}

onWake(tick)
accept()
tick()
const name = core.name(listener, generation, false)
console.log(`listening ${decode(name, 0, name.length).port}`)
setInterval(() => {}, 1 << 30)
