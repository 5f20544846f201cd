import { TaskQueue } from '../dist/ready.js'
import type { TaskRecord } from '../dist/task.js'
import { test } from './support/case.js'

test('the queue of tasks is first in, first out, however it grows and shrinks', (t) => {
  const queue = new TaskQueue()
  let pushed = 0
  let shifted = 0
  for (let round = 0; round < 200; round++) {
    for (let i = 0; i < (round * 7) % 23; i++) queue.push(pushed++ as unknown as TaskRecord)
    while (queue.length > round % 90) t.is(queue.shift() as unknown as number, shifted++)
    t.is(queue.length, pushed - shifted)
  }
  while (queue.length > 0) t.is(queue.shift() as unknown as number, shifted++)
  t.is(shifted, pushed)
})
