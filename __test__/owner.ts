import * as Miou from 'miou'
import { ownerOf, releaseOwner } from '../dist/owner.js'
import type { TaskRecord } from '../dist/task.js'
import { test } from './support/case.js'
import { refuses } from './support/refusal.js'

test('an owner has a number of its own, as long as it lives; where all are taken the next one is refused', (t) => {
  const task = (): TaskRecord => ({ extra: null }) as TaskRecord
  const [first, second] = [task(), task()]
  const owner = ownerOf(first)
  t.is(ownerOf(first), owner)
  t.not(ownerOf(second), owner)
  for (let taken = 2; taken < 2 ** 20 - 1; taken++) ownerOf(task())
  refuses(t, () => ownerOf(task()), Miou.InvalidArgument, /1048575 tasks/)
  releaseOwner(first)
  t.is(ownerOf(task()), owner)
})
