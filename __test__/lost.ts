import { MessageChannel } from 'node:worker_threads'
import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import type { TaskRecord } from '../dist/task.js'
import {
  callsAndDies,
  calledDeep,
  chainDies,
  dies,
  diesUnanswering,
  holdsResource,
  opensAndDies,
  releasesAndDies,
  spawnsAndDies,
} from './programs/dying.js'
import { count, domainOf, echo, hang, lives } from './programs/numbers.js'
import { closesIt, heldResource, releases, transfersBack } from './programs/resources.js'
import { all, describe } from './programs/values.js'
import { test } from './support/case.js'
import { connection, readAll } from './support/loopback.js'
import { isError, refuses, rejects } from './support/refusal.js'
import { never, reaches, until, words } from './support/waiting.js'

const two = { domains: 2 }
const three = { domains: 3 }

/** Lets a second pass, in which three deaths would end a run. */
function* apart(): Generator<Miou.Suspension, void> {
  yield* Unix.sleep(400)
}

for (const how of ['exit', 'uncaught', 'rejection'] as const) {
  test(`a domain that dies (${how}) ends its tasks with DomainDied, which their parents see as a result; a successor comes`, async (t) => {
    await Miou.run(function* () {
      const before = Miou.Domain.all()
      const pin = before[1]!
      const bystander = Miou.call(hang, [], { pin })
      const child = Miou.call(dies, [how], { pin })
      for (const task of [child, bystander]) {
        const result = yield* Miou.await(task)
        const error = isError(t, result.ok || result.error, Miou.DomainDied, /died/)
        t.is(error.code, 'ERR_MIOU_DOMAIN_DIED')
        if (how === 'uncaught') isError(t, error.cause, Error, /foreign/)
      }
      t.false(Miou.Domain.all().includes(pin))
      refuses(t, () => Miou.call(echo, [1], { pin }), Miou.InvalidArgument, /no domain/)
      t.is(yield* Miou.call(echo<number>, [1]), 1)
      while (Miou.Domain.all().length < 3) yield* Unix.sleep(5)
      t.not(yield* Miou.call(domainOf, []), pin)
      yield* apart()
    }, two)
  })
}

test('DomainDied counts the descriptors that were closed with the domain, and says so', async (t) => {
  const says = [/died: it ended with code 0$/, /; a descriptor of it was closed$/, /; 3 descriptors of it were closed$/]
  for (const [i, count] of [0, 1, 3].entries()) {
    const result = await Miou.run(() => Miou.await(Miou.call(opensAndDies, [count])), { domains: 1 })
    t.is(isError(t, result.ok || result.error, Miou.DomainDied, says[i]!).descriptors, count)
  }
})

test('calls wait for the successor where the only domain has died', async (t) => {
  await Miou.run(
    function* () {
      const first = yield* Miou.call(domainOf, [])
      const result = yield* Miou.await(Miou.call(dies, ['exit']))
      isError(t, result.ok || result.error, Miou.DomainDied)
      const waiting = [1, 2, 3].map((n) => Miou.call(echo<number>, [n]))
      const cancelled = Miou.call(hang, [])
      yield* Miou.cancel(cancelled)
      for (const [n, task] of waiting.entries()) t.is(yield* task, n + 1)
      t.not(yield* Miou.call(domainOf, []), first)
      yield* apart()
    },
    { domains: 1 },
  )
})

/** Ends the only domain: what is called then waits for its successor. One that was faster than this task ends as well. */
function* killOnly(): Generator<Miou.Suspension, void> {
  do {
    const result = yield* Miou.await(Miou.call(dies, ['exit']))
    if (result.ok) throw new Error('the domain lives on')
  } while (Miou.Domain.available() > 0)
}

const one = { domains: 1 }

test('a call that waits for the successor takes what its arguments were when it was made', async (t) => {
  await Miou.run(function* () {
    yield* killOnly()
    const object = { list: [1], bytes: new Uint8Array([1]) }
    const cloned = Miou.call(echo<unknown>, [object, 'beside'] as never)
    const bytes = Miou.call(echo<Uint8Array>, [object.bytes])
    object.list.push(2)
    object.bytes[0] = 9
    const buffer = new Uint8Array([3, 4]).buffer
    const moved = Miou.call(echo<ArrayBuffer>, [buffer], { transfer: [buffer] })
    t.is(buffer.byteLength, 0)
    const { port1, port2 } = new MessageChannel()
    const port = Miou.call(describe, [{ port1, port2 }], { transfer: [port1, port2] })
    const shared = words(1)
    const counted = Miou.call(count, [shared, 0])
    const mutex = Miou.call(echo<Miou.Mutex>, [Miou.Mutex.create()])
    const error = yield* Miou.call(echo<Error>, [new RangeError('packed', { cause: 1 })])
    isError(t, error, RangeError, /^packed$/)
    t.deepEqual(yield* cloned, { list: [1], bytes: new Uint8Array([1]) })
    t.deepEqual(yield* bytes, new Uint8Array([1]))
    t.is((yield* moved).byteLength, 2)
    t.is(yield* port, 'Object [object Object]')
    yield* counted
    t.is(shared[0], 1)
    const m = yield* mutex
    yield* Miou.Mutex.lock(m)
    Miou.Mutex.unlock(m)
    yield* apart()
  }, one)
})

test('what can not cross is refused by a call that waits for the successor, too, and nothing has moved', async (t) => {
  await Miou.run(function* () {
    yield* killOnly()
    const fd = Unix.tcpv4()
    const buffer = new ArrayBuffer(3)
    refuses(t, () => Miou.call(echo, [[fd, () => 1]]), Miou.InvalidArgument, /function/)
    refuses(t, () => Miou.call(echo, [[fd, new WeakMap()]]), Miou.InvalidArgument, /WeakMap/)
    refuses(t, () => Miou.call(echo, [[fd, buffer]], { transfer: [buffer, buffer] }), Miou.InvalidArgument)
    const owned = Unix.Ownership.tcpv4()
    refuses(t, () => Miou.call(echo, [[fd, owned]]), Miou.InvalidArgument, /owns a descriptor/)
    t.is(buffer.byteLength, 3)
    Unix.close(fd)
    Unix.Ownership.close(owned)
    yield* apart()
    t.is(yield* Miou.call(echo<number>, [1]), 1)
  }, one)
})

test('a descriptor, and a resource, leave with a call that waits for the successor, and come back by it', async (t) => {
  await Miou.run(function* () {
    yield* killOnly()
    const [client, server] = yield* connection()
    const echoed = Miou.call(echo<unknown>, [{ server }])
    refuses(t, () => Unix.close(server), Miou.Closed)
    const shared = words(2)
    const resource = heldResource(shared)
    Miou.Ownership.own(resource)
    const given = Miou.call(transfersBack, [resource], { give: [resource] })
    refuses(t, () => Miou.Ownership.check(resource), Miou.NotOwner)
    t.deepEqual(yield* echoed, { server })
    t.is(((yield* echoed) as { server: unknown }).server, server)
    yield* Unix.write(server, 'back')
    t.is(yield* Unix.read(client, Buffer.alloc(9)), 4)
    t.is(yield* given, resource)
    Miou.Ownership.release(resource)
    t.is(shared[0], 1)
    for (const fd of [client, server]) Unix.close(fd)
    yield* apart()
  }, one)
})

test('a call that is cancelled while it waits for the successor has what it was given finalised, and the rest closed', async (t) => {
  await Miou.run(function* () {
    yield* killOnly()
    const [client, server] = yield* connection()
    const [other, owned] = yield* connection()
    const own = Unix.Ownership.resource(owned)
    Miou.Ownership.own(own)
    const shared = words(2)
    const resource = heldResource(shared)
    Miou.Ownership.own(resource)
    const child = Miou.call(all, [server, owned, resource], { give: [own, resource] })
    yield* Miou.cancel(child)
    t.is(shared[0], 1)
    for (const fd of [client, other]) {
      t.is((yield* readAll(fd)).length, 0)
      Unix.close(fd)
    }
    refuses(t, () => Miou.Ownership.check(resource), Miou.NotOwner)
    yield* apart()
    t.is(yield* Miou.call(echo<number>, [1]), 1)
    t.is(shared[0], 1)
  }, one)
})

test('a task that fails while its call waits for the successor is over once, and only when all below its parent is', async (t) => {
  await Miou.run(function* () {
    let unwound = false
    const parent = Miou.async(function* () {
      const caller = Miou.async(function* () {
        yield* killOnly()
        Miou.call(echo, [1])
        throw new Error('caller')
      })
      Miou.async(function* () {
        try {
          yield* never()
        } finally {
          yield* Miou.shield(() => Unix.sleep(20))
          unwound = true
        }
      })
      yield* Miou.await(caller)
      throw new Error('parent')
    })
    const result = yield* Miou.await(parent)
    isError(t, !result.ok && result.error, Error, /^parent$/)
    t.true(unwound)
    yield* apart()
  }, one)
})

test('a thousand calls that wait for the successor are cancelled, or sent, each once', async (t) => {
  const shared = words(1)
  await Miou.run(function* () {
    yield* killOnly()
    const calls = Array.from({ length: 1000 }, () => Miou.call(count, [shared, 0]))
    for (let i = 0; i < 1000; i += 2) yield* Miou.cancel(calls[i]!)
    for (let i = 1; i < 1000; i += 2) yield* calls[i]!
    // One that is cancelled may have run: the successor may be up by then.
    t.true(shared[0]! >= 500 && shared[0]! < 1000, `${shared[0]}`)
    yield* apart()
  }, one)
})

test('a loser of awaitFirst that waits for the successor is over at once, and is not waited for', async (t) => {
  await Miou.run(function* () {
    yield* killOnly()
    const ended = Miou.async(() => echo(1))
    yield* Miou.await(ended)
    t.deepEqual(yield* Miou.awaitFirst([ended, Miou.call(hang, [])]), { ok: true, value: 1 })
    yield* Miou.awaitFirst([Miou.async(() => Miou.yield()), Miou.call(hang, [])])
    let signaled = false
    const next = Miou.syscall()
    yield* Miou.suspend(next, () =>
      setTimeout(() => {
        signaled = true
        Miou.signal(next)
      }, 10),
    )
    t.true(signaled, 'nothing else ends the next wait')
    yield* apart()
  }, one)
})

test('three deaths in a second end the run, with DomainDied', async (t) => {
  const run = Miou.run(function* () {
    for (let i = 0; i < 4; i++) yield* Miou.await(Miou.call(dies, ['exit']))
    yield* never()
  }, three)
  await rejects(t, run, Miou.DomainDied)
})

test('where nobody awaits the task of a dead domain, the run goes on', async (t) => {
  await Miou.run(function* () {
    const collector = Miou.orphans<void>()
    Miou.call(dies, ['exit'], { orphans: collector })
    const result = yield* Miou.get(collector)
    isError(t, result!.ok || result!.error, Miou.DomainDied)
    yield* apart()
  }, two)
})

test('a task whose parent was on a dead domain is cancelled, and over before the dead one is', async (t) => {
  const shared = words(2)
  await Miou.run(function* () {
    const child = Miou.call(callsAndDies, [shared])
    const result = yield* Miou.await(child)
    isError(t, result.ok || result.error, Miou.DomainDied)
    t.true(shared[0]! >= 1)
    t.is(shared[1], shared[0], 'structure holds: they have unwound')
    yield* apart()
  }, three)
})

test('a chain of calls through a dead domain unwinds on both sides of it', async (t) => {
  const shared = words(3)
  await Miou.run(function* () {
    const [a, b, c] = Miou.Domain.all().slice(1) as [number, number, number]
    // a calls b, which dies after it has called c, which calls b and waits.
    const child = Miou.call(calledDeep, [[b, c, b], shared, b], { pin: a })
    const result = yield* Miou.await(child)
    isError(t, result.ok || result.error, Miou.DomainDied)
    t.is(shared[0], shared[1], 'those that lived have unwound')
    yield* apart()
  }, three)
})

// Each of two deaths used to wait for the other one: for the word of a domain that had died meanwhile, or for a task whose
// child was there.
for (const crosswise of [false, true]) {
  test(`domains that die at a time are one death${crosswise ? ', also where each has called the other by way of a third' : ''}`, async (t) => {
    const shared = words(3)
    await Miou.run(function* () {
      const [a, b, c] = Miou.Domain.all().slice(1) as [number, number, number]
      const chains = crosswise ? 2 : 1
      const children = [Miou.call(chainDies, [[c, b], shared, chains, true], { pin: a })]
      if (crosswise) children.push(Miou.call(chainDies, [[c, a], shared, chains, true], { pin: b }))
      for (const child of children) {
        const result = yield* Miou.await(child)
        isError(t, result.ok || result.error, Miou.DomainDied)
      }
      t.is(yield* Miou.call(echo, [1], { pin: c }), 1, 'who lives goes on')
      yield* apart()
      yield* apart()
    }, three)
  })
}

test('a run whose domain dies at its very end ends', async (t) => {
  for (let i = 0; i < 3; i++) {
    const shared = words(2)
    const run = Miou.run(function* () {
      const child = Miou.call(spawnsAndDies, [shared])
      yield* reaches(shared, 0)
      throw new Error('main')
      // biome-ignore lint/correctness/noUnreachable: what keeps the child in use
      yield* child
    }, three)
    await rejects(t, run, Error, /^main$/)
    await Miou.run(() => Miou.call(echo, [1]), three)
    await new Promise((resolve) => setTimeout(resolve, 400))
  }
})

for (const shielded of [false, true]) {
  test(`what was on its way to a parent whose domain died is finalised once, and nobody waits for it${shielded ? ', in a shield either' : ''}`, async (t) => {
    const shared = words(3)
    await Miou.run(function* () {
      const [, dying, pin] = Miou.Domain.all() as [number, number, number]
      const result = yield* Miou.await(Miou.call(diesUnanswering, [shared, pin, shielded], { pin: dying }))
      isError(t, result.ok || result.error, Miou.DomainDied)
      t.is(shared[0], 1)
      yield* apart()
    }, two)
  })
}

test('a domain that dies between two runs is replaced in the next', async (t) => {
  await Miou.run(function* () {
    yield* Miou.call(spawnsAndDies, [words(2), 50])
  }, three)
  // On a busy machine its end takes a while.
  await new Promise((resolve) => setTimeout(resolve, 1000))
  t.is(await Miou.run(() => Miou.call(echo<number>, [1]), three), 1)
})

test('resources with a portable finaliser are finalised on the parent’s domain; others are lost with it', async (t) => {
  const shared = words(3)
  await Miou.run(function* () {
    const given = heldResource(shared)
    Miou.Ownership.own(given)
    const child = Miou.call(holdsResource, [shared], { give: [given] })
    const result = yield* Miou.await(child)
    isError(t, result.ok || result.error, Miou.DomainDied)
    t.is(shared[0], 2, 'what was given, and what was made there')
    yield* apart()
  }, two)
})

test('what was released, transferred or given on before the domain died is not finalised again', async (t) => {
  const shared = words(3)
  await Miou.run(function* () {
    const parent = Miou.async(function* () {
      const result = yield* Miou.await(Miou.call(releasesAndDies, [shared]))
      isError(t, result.ok || result.error, Miou.DomainDied)
      t.is(shared[0], 1, 'one was released there; one was transferred here')
      throw new Error('parent')
    })
    yield* Miou.await(parent)
    t.is(shared[0], 2)
    yield* apart()
  }, two)
})

test('what is given is remembered, for the death of its domain, no longer than it is owned there', async (t) => {
  await Miou.run(function* () {
    const { run } = Miou.self() as unknown as TaskRecord
    const shared = words(2)
    for (let i = 0; i < 10; i++) {
      const [client, fd] = yield* connection()
      const given = [heldResource(shared), Miou.Ownership.create({ fd }, closesIt)]
      for (const resource of given) Miou.Ownership.own(resource)
      for (const resource of given) yield* Miou.call(releases, [resource], { give: [resource] })
      t.is((yield* readAll(client)).length, 0)
      Unix.close(client)
    }
    t.is(shared[0], 10)
    yield* until(() => run.bequests.size === 0)
    t.is(run.bequests.size, 0)
  }, two)
})

test('cancelling a task in the moment in which its domain dies', async (t) => {
  for (let i = 0; i < 2; i++) {
    const shared = words(2)
    await Miou.run(function* () {
      const child = Miou.call(spawnsAndDies, [shared, 1])
      yield* reaches(shared, 0)
      yield* Miou.cancel(child)
      const result = yield* Miou.await(child)
      isError(t, result.ok || result.error, Miou.Cancelled)
      yield* Unix.sleep(50)
    }, three)
    await new Promise((resolve) => setTimeout(resolve, 600))
  }
})

test('a parent that is over waits for no dead domain', async (t) => {
  const shared = words(2)
  await Miou.run(function* () {
    const parent = Miou.async(function* () {
      const [a, b] = Miou.Domain.all().slice(1) as [number, number]
      Miou.call(spawnsAndDies, [shared], { pin: a })
      Miou.call(lives, [shared, 0, 1], { pin: b })
      yield* reaches(shared, 0, 2)
      throw new Error('parent')
    })
    const result = yield* Miou.await(parent)
    isError(t, result.ok || result.error, Error, /^parent$/)
    t.is(shared[1], 1)
    yield* apart()
  }, three)
})
