import { rust } from './domain-thread.js'
import { Op } from './operation.js'
import { ready } from './ready.js'
import { submit } from './ring.js'

/** Something that a completion is for. */
export interface Awaiting {
  settle(result: number, a: number, b: number): void
}

const awaiting: (Awaiting | null)[] = []
const free: number[] = []

/** A token for the operation that is submitted next: its completion goes to `op`. */
export function tokenFor(op: Awaiting): number {
  let token = free.pop()
  if (token === undefined) token = awaiting.push(null) - 1
  awaiting[token] = op
  return token
}

/** A completion has come: its token is free again. */
export function completed(token: number, result: number, a: number, b: number): void {
  const op = awaiting[token]
  if (op === null || op === undefined) return
  release(token)
  op.settle(result, a, b)
}

/** Nothing will come for a token any more. */
export function release(token: number): void {
  awaiting[token] = null
  free.push(token)
}

/** How many operations wait in Rust: for tests that nothing is left behind. */
export function waitingInRust(): number {
  return awaiting.length - free.length
}

/** An operation that goes through the ring. */
export abstract class RingOp<T> extends Op<T> implements Awaiting {
  /** Names it in Rust; -1 while it is not there. */
  private token = -1
  /** Whether its completion has come. */
  protected settled = false
  protected result = 0
  protected a = 0
  protected b = 0

  /** Writes the submission; `wait` of each operation (`start`, of those on descriptors) ends with this. */
  protected submit(code: number, x: number, y: number, z: number, u: number, v: number): void {
    const token = tokenFor(this)
    this.token = token
    this.settled = false
    submit(code, token, x, y, z, u, v)
  }

  settle(result: number, a: number, b: number): void {
    this.token = -1
    this.settled = true
    this.result = result
    this.a = a
    this.b = b
    this.resume()
  }

  /** The completion has come: as a rule the task runs on. */
  protected resume(): void {
    ready(this.task)
  }

  override abort(): void {
    if (this.settled) {
      this.giveBack(this.result, this.a, this.b)
      return
    }
    const { token } = this
    if (token < 0) return
    this.token = -1
    if (this.withdraw(token)) release(token)
    else this.late(token)
  }

  /** It has ended by now, and its completion is on its way. */
  protected late(token: number): void {
    awaiting[token] = { settle: (result, a, b) => this.leftover(result, a, b) }
  }

  /** Takes the operation back from Rust; false where its completion is on its way. */
  protected abstract withdraw(token: number): boolean

  /** What was given goes back to where it came from, for the next one. */
  protected abstract giveBack(result: number, a: number, b: number): void

  /** Its completion has come after all; this object may have been used again. */
  protected abstract leftover(result: number, a: number, b: number): void
}

/** An operation that waits in Rust for a mutex or on a condition. */
export abstract class WaitOp<T> extends RingOp<T> {
  protected override withdraw(token: number): boolean {
    if (rust().forsake(token)) return true
    // What it waited for is its task's already, though nobody has said so: it passes on while the task still has its number.
    this.giveBack(0, 0, 0)
    return false
  }

  protected override leftover(): void {}
}
