import assert from 'node:assert/strict'
import { native } from '../../dist/native.js'
import { ringBytes } from '../../dist/ring.js'
import { worldBytes } from '../../dist/world.js'

const nothing = (): void => {}
const shared = (bytes: number): Uint8Array => new Uint8Array(new SharedArrayBuffer(bytes))

assert.throws(() => native.turn(), 'there is no domain yet')

// Memory that is not shared could be moved to another thread while the core works with it.
for (const [ring, world] of [
  [new Uint8Array(ringBytes.length), worldBytes],
  [ringBytes, new Uint8Array(worldBytes.length)],
  [ringBytes.subarray(8), worldBytes],
  [shared(ringBytes.length + 8).subarray(1), worldBytes],
  [shared(0), worldBytes],
  [ringBytes, shared(4096)],
  [ringBytes, shared(0)],
  [new Int32Array(ringBytes.buffer), worldBytes],
  [undefined, null],
]) {
  assert.throws(() => native.begin(ring, world, nothing))
}
assert.throws(() => native.begin(ringBytes, worldBytes, 3))

// One on a thread.
assert.equal(native.begin(ringBytes, worldBytes, nothing), 1)
assert.throws(() => native.begin(ringBytes, worldBytes, nothing), /already/)
assert.throws(() => native.begin(shared(ringBytes.length), shared(worldBytes.length), nothing), /already/)
native.turn()

// A number is taken over once, and never one of the core's own.
const at = native.socket(4, false)
const number = native.number(at, 1)
assert.ok(number > 2)
assert.ok(native.adopt(number, true) < 0)
assert.equal(native.close(at, 1), 0)
assert.ok(native.close(at, 1) < 0)
assert.ok(native.adopt(number, true) < 0, 'it is closed')
console.log('done')
