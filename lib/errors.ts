/** Base of all errors of this package: `code` says which rule was broken, the message what to do. */
export abstract class MiouError extends Error {
  abstract readonly code: string
  override get name(): string {
    return this.constructor.name
  }
}

/** A task returned while children of it were neither awaited nor cancelled. Fatal for the run. */
export class StillHasChildren extends MiouError {
  readonly code = 'ERR_MIOU_STILL_HAS_CHILDREN'
}

/** A task returned while it still owned resources. Fatal for the run; the resources were finalised. */
export class ResourceLeaked extends MiouError {
  readonly code = 'ERR_MIOU_RESOURCE_LEAKED'
}

/** Only the direct parent of a task may await or cancel it. */
export class NotAChild extends MiouError {
  readonly code = 'ERR_MIOU_NOT_A_CHILD'
}

/** The current task does not own the resource that it wants to use. */
export class NotOwner extends MiouError {
  readonly code = 'ERR_MIOU_NOT_OWNER'
}

/** There is no other domain for `call` or `parallel` to choose. */
export class NoDomainAvailable extends MiouError {
  readonly code = 'ERR_MIOU_NO_DOMAIN_AVAILABLE'
}

/** The task was cancelled. Each task has one of its own; `cause` is the reason, where there is one. */
export class Cancelled extends MiouError {
  readonly code = 'ERR_MIOU_CANCELLED'
  /** Errors that the task threw while it unwound: the result stays `Cancelled`, nothing is lost. */
  suppressed: unknown[] = []
}

/** The body of `timeout` was cancelled since its time was up. */
export class TimeoutError extends MiouError {
  readonly code = 'ERR_MIOU_TIMEOUT'
}

/** There is nothing in the queue. */
export class Empty extends MiouError {
  readonly code = 'ERR_MIOU_EMPTY'
}

/** An argument that this function can't take. */
export class InvalidArgument extends MiouError {
  readonly code = 'ERR_MIOU_INVALID_ARGUMENT'
}

/** The function needs a current task: call it from the body of one. */
export class NotInTask extends MiouError {
  readonly code = 'ERR_MIOU_NOT_IN_TASK'
}

/** An operation was made and not used with `yield*`. */
export class ForgottenYield extends MiouError {
  readonly code = 'ERR_MIOU_FORGOTTEN_YIELD'
}

/** A task yielded something that is no operation of this package. Fatal for the run. */
export class ForeignYield extends MiouError {
  readonly code = 'ERR_MIOU_FOREIGN_YIELD'
}

/** The descriptor is closed, or has moved to another domain. */
export class Closed extends MiouError {
  readonly code = 'ERR_MIOU_CLOSED'
}

/** The domain that ran the task has ended. What its tasks owned is lost with it, but for what has a portable finaliser. */
export class DomainDied extends MiouError {
  readonly code = 'ERR_MIOU_DOMAIN_DIED'
  /** How many descriptors of it were closed. */
  descriptors = 0
}

/** A lazy value was forced by the very computation that makes it. */
export class Undefined extends MiouError {
  readonly code = 'ERR_MIOU_UNDEFINED'
}

/** The stream ended before all bytes were there. */
export class EndOfFile extends MiouError {
  readonly code = 'ERR_MIOU_END_OF_FILE'
}

/** What a peer sent first is no PROXY protocol header, or not one that is accepted. */
export class ProxyHeaderError extends MiouError {
  readonly code = 'ERR_MIOU_PROXY_HEADER'
}

/** The `finally` of `protect` threw; `cause` is what it threw. */
export class FinallyRaised extends MiouError {
  readonly code = 'ERR_MIOU_FINALLY_RAISED'
}

/** The `onCancellation` of `protect` threw; `cause` is what it threw. */
export class OnCancellationRaised extends MiouError {
  readonly code = 'ERR_MIOU_ON_CANCELLATION_RAISED'
}

/** A mutex was used against its rules; `reason` says which. */
export class MutexError extends MiouError {
  readonly code = 'ERR_MIOU_MUTEX'
  constructor(
    /** `owner`: locked twice; `unlocked`: not locked; `notOwner`: locked by somebody else; `leaked`: held at the end. */
    readonly reason: 'owner' | 'unlocked' | 'notOwner' | 'leaked',
    message: string,
  ) {
    super(message)
  }
}
