import { threadId } from 'node:worker_threads'

/*
 * What moves between domains keeps an identity wherever it goes: where it comes back, the same handle works again.
 */

/** Identities that a thread gives out before those of another would begin: a thousand a second for eight years. */
const OWN = 2 ** 38

let last = 0

/** Handles of one kind that were here, by identity. */
export class Identities<H extends object> {
  private readonly known = new Map<number, WeakRef<H>>()
  private readonly collected = new FinalizationRegistry<number>((identity) => {
    // It may have come back meanwhile, with another handle.
    if (this.known.get(identity)?.deref() === undefined) this.known.delete(identity)
  })

  /** Gives a handle a new identity, which no other thread of the process gives out. */
  give(handle: H): number {
    const identity = threadId * OWN + ++last
    this.remember(handle, identity)
    return identity
  }

  /** A handle stands for what has this identity. */
  remember(handle: H, identity: number): void {
    this.known.set(identity, new WeakRef(handle))
    this.collected.register(handle, identity)
  }

  /** The handle that was here. */
  find(identity: number): H | undefined {
    return this.known.get(identity)?.deref()
  }
}
