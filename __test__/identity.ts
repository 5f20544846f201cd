import { setTimeout as wait } from 'node:timers/promises'
import { Identities } from '../dist/identity.js'
import { garbage } from './support/collected.js'
import { test } from './support/case.js'

test('an identity belongs to one handle, which is found by it while it lives', async (t) => {
  const identities = new Identities<object>()
  const [a, b] = [{}, {}]
  const [one, other] = [identities.give(a), identities.give(b)]
  t.not(one, other)
  t.is(identities.find(one), a)
  t.is(identities.find(other), b)
  t.is(identities.find(other + 1), undefined)
})

test('a handle that comes in the place of one that was collected is found, though that is told of afterwards', async (t) => {
  const identities = new Identities<object>()
  const identity = identities.give({})
  await wait(1)
  garbage()
  // Registries are told in a later turn of the loop.
  const back = {}
  identities.remember(back, identity)
  for (let i = 0; i < 5; i++) await wait(2)
  t.is(identities.find(identity), back)
})

test('what nobody has a handle of any more is forgotten', async (t) => {
  const identities = new Identities<object>()
  const identity = identities.give({})
  for (let i = 0; i < 5; i++) {
    await wait(2)
    garbage()
  }
  t.is(identities.find(identity), undefined)
})
