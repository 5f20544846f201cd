import * as Miou from 'miou'
import { test } from './support/case.js'

const codes: Record<string, string> = {
  StillHasChildren: 'ERR_MIOU_STILL_HAS_CHILDREN',
  ResourceLeaked: 'ERR_MIOU_RESOURCE_LEAKED',
  NotAChild: 'ERR_MIOU_NOT_A_CHILD',
  NotOwner: 'ERR_MIOU_NOT_OWNER',
  NoDomainAvailable: 'ERR_MIOU_NO_DOMAIN_AVAILABLE',
  Cancelled: 'ERR_MIOU_CANCELLED',
  TimeoutError: 'ERR_MIOU_TIMEOUT',
  Empty: 'ERR_MIOU_EMPTY',
  InvalidArgument: 'ERR_MIOU_INVALID_ARGUMENT',
  NotInTask: 'ERR_MIOU_NOT_IN_TASK',
  ForgottenYield: 'ERR_MIOU_FORGOTTEN_YIELD',
  ForeignYield: 'ERR_MIOU_FOREIGN_YIELD',
  Closed: 'ERR_MIOU_CLOSED',
  DomainDied: 'ERR_MIOU_DOMAIN_DIED',
  Undefined: 'ERR_MIOU_UNDEFINED',
  EndOfFile: 'ERR_MIOU_END_OF_FILE',
  ProxyHeaderError: 'ERR_MIOU_PROXY_HEADER',
  FinallyRaised: 'ERR_MIOU_FINALLY_RAISED',
  OnCancellationRaised: 'ERR_MIOU_ON_CANCELLATION_RAISED',
}

test('each broken rule has a class of its own, with its code in the manner of Node', (t) => {
  for (const [name, code] of Object.entries(codes)) {
    const Class = (Miou as unknown as Record<string, new (message: string, options?: ErrorOptions) => Miou.MiouError>)[
      name
    ]!
    const error = new Class('what happened', { cause: 1 })
    t.true(error instanceof Miou.MiouError && error instanceof Error)
    t.is(error.code, code)
    t.is(error.name, name)
    t.is(error.message, 'what happened')
    t.is(error.cause, 1)
    t.true(error.stack!.startsWith(`${name}: what happened`), error.stack)
  }
})

test('a MutexError says which rule of mutexes was broken', (t) => {
  for (const reason of ['owner', 'unlocked', 'notOwner', 'leaked'] as const) {
    const error = new Miou.MutexError(reason, 'what happened')
    t.is(error.reason, reason)
    t.is(error.code, 'ERR_MIOU_MUTEX')
    t.is(error.name, 'MutexError')
  }
})

test('Cancelled keeps what was thrown meanwhile, each its own', (t) => {
  const a = new Miou.Cancelled('a')
  const b = new Miou.Cancelled('b')
  t.deepEqual(a.suppressed, [])
  t.not(a.suppressed, b.suppressed)
})
