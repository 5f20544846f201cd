import assert from 'node:assert/strict'
import { native } from '../../dist/native.js'
import { ringBytes } from '../../dist/ring.js'
import { worldBytes } from '../../dist/world.js'

const { Domain } = native
const nothing = (): void => {}
const shared = (bytes: number): Uint8Array => new Uint8Array(new SharedArrayBuffer(bytes))

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
  assert.throws(() => new Domain(ring, world, nothing))
}
assert.throws(() => new Domain(ringBytes, worldBytes, 3))

// Two on one thread, and one that shares neither ring nor world with them.
const first = new Domain(ringBytes, worldBytes, nothing)
const second = new Domain(ringBytes, worldBytes, nothing)
const third = new Domain(shared(ringBytes.length), shared(worldBytes.length), nothing)
assert.throws(() => new Domain(ringBytes, worldBytes.subarray(0, 8192), nothing), 'fewer words than the world has')
assert.notEqual(first.place, second.place)
assert.equal(third.place, 1)
for (const domain of [first, second, third]) domain.turn()

// A number is taken over once, and never one of the core's own.
const at = first.socket(4, false)
const number = first.number(at, 1)
assert.ok(number > 2)
for (const domain of [first, second, third]) assert.ok(domain.adopt(number, true) < 0)
assert.equal(first.close(at, 1), 0)
assert.ok(first.close(at, 1) < 0)
assert.ok(first.adopt(number, true) < 0, 'it is closed')

// Methods of a domain are of use on a domain alone.
assert.throws(() => Domain.prototype.turn.call({}))
assert.throws(() => Domain.prototype.turn.call(Object.create(first)))
console.log('done')
