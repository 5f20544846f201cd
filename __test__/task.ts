import * as Miou from 'miou'
import { echo, fail, hang } from './programs/numbers.js'
import { test } from './support/case.js'
import { reaches, until, words } from './support/waiting.js'
import { count } from './programs/numbers.js'

const three = { domains: 3 }

test('state is running, then finished or exited; that of a cancelled task that had returned stays finished', async (t) => {
  await Miou.run(function* () {
    for (const spawn of [() => Miou.async(() => echo(1)), () => Miou.call(echo<number>, [1])]) {
      const task = spawn()
      t.is(task.state, 'running')
      yield* until(() => task.state !== 'running')
      t.is(task.state, 'finished')
      yield* task
    }
    for (const task of [Miou.async(() => fail('x')), Miou.call(fail, ['x'])]) {
      t.is(task.state, 'running')
      yield* Miou.await(task)
      t.is(task.state, 'exited')
    }
    const cancelled = Miou.call(hang, [])
    yield* Miou.cancel(cancelled)
    t.is(cancelled.state, 'exited')
  }, three)
})

test('a task knows its domain and its id', async (t) => {
  const shared = words(1)
  await Miou.run(function* () {
    const here = Miou.async(() => echo(1))
    const there = Miou.call(count, [shared, 0])
    t.is(here.domain, 0)
    t.true(Miou.Domain.all().includes(there.domain))
    t.not(here.id, there.id)
    t.is(Miou.self().domain, 0)
    yield* reaches(shared, 0)
    yield* here
    yield* there
  }, three)
})
