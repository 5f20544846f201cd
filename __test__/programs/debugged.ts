import * as Miou from 'miou'
import * as Unix from 'miou/unix'

/* A program that does what the argument says, for what MIOU_DEBUG tells of it. */

const { meta } = { meta: import.meta }

const put = Miou.portable(meta, function put(_value: string) {})

/** Forgets what it was given, and a resource of its own. */
const forgets = Miou.portable(meta, function* forgets(_given: Miou.Resource) {
  Miou.Ownership.own(Miou.Ownership.create(new Map(), () => {}))
})

const locks = Miou.portable(meta, function* locks(m: Miou.Mutex) {
  using _ = yield* Miou.Mutex.lock(m)
})

/** Keeps whoever cancels it waiting for more than two looks. */
const shields = Miou.portable(meta, function* shields() {
  yield* Miou.shield(() => Unix.sleep(2500))
})

function* waitThere(c: Miou.Condition, m: Miou.Mutex): Generator<Miou.Suspension, void> {
  yield* Miou.Condition.wait(c, m)
}

const mains: Record<string, () => Generator<Miou.Suspension, void>> = {
  *leaks() {
    Miou.Ownership.own(Miou.Ownership.create('text', put))
    Unix.Ownership.tcpv4()
  },
  *leaksThere() {
    const resource = Miou.Ownership.create('text', put)
    yield* Miou.call(forgets, [resource], { give: [resource] })
  },
  *stuck() {
    const m = Miou.Mutex.create('held')
    using _ = yield* Miou.Mutex.lock(m)
    yield* Miou.call(locks, [m], { name: 'waits' })
  },
  *keeps() {
    yield* Miou.Mutex.lock(Miou.Mutex.create('kept'))
  },
  *keepsAfterWait() {
    const m = Miou.Mutex.create('kept')
    const c = Miou.Condition.create()
    const other = Miou.async(function* () {
      using _ = yield* Miou.Mutex.lock(m)
      Miou.Condition.signal(c)
    })
    yield* Miou.Mutex.lock(m)
    yield* waitThere(c, m)
    yield* other
  },
  *unsignaled() {
    yield* Miou.Trigger.await(Miou.Trigger.create())
  },
  *shielded() {
    const task = Miou.call(shields, [])
    yield* Unix.sleep(100)
    yield* Miou.cancel(task)
  },
}

await Miou.main(meta, mains[process.argv[2]!]!, { domains: 1 })
