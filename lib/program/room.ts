import * as Miou from '../index.js'

/** What the rooms of all domains share: how many places nobody has, and how many wait for one. */
export type Places = Int32Array
const FREE = 0
const WAITING = 1

/** Made by name, so that every domain has the same ones. */
const guard = Miou.Mutex.create('miou echo: places')
const freed = Miou.Condition.create('miou echo: places')

/** Places for `size` clients of all domains together; Infinity is no limit. */
export function newPlaces(size: number): Places {
  const places = new Int32Array(new SharedArrayBuffer(8))
  places[FREE] = Math.min(size, 0x7fffffff)
  return places
}

/**
 * The room for clients, as one domain sees it. Who accepts takes a place first, or waits for one, first come, first served:
 * so a client that there is no place for stays in the backlog. Without a limit places are not counted.
 */
export class Room {
  private readonly limited: boolean
  /** How many of this domain have a place and wait for a client. */
  private ready = 0
  /** Who waits for that. */
  private readonly watching: Miou.Syscall[] = []

  constructor(
    private readonly places: Places,
    /** How many clients there may be at a time, on all domains together; Infinity is no limit. */
    size: number,
  ) {
    this.limited = size !== Number.POSITIVE_INFINITY
  }

  /** Waits for a place and takes it. */
  *enter(): Generator<Miou.Suspension, void> {
    if (this.limited && !this.take()) yield* this.wait()
    this.ready++
    for (const one of this.watching.splice(0)) Miou.signal(one)
  }

  private take(): boolean {
    for (;;) {
      const free = Atomics.load(this.places, FREE)
      if (free === 0) return false
      if (Atomics.compareExchange(this.places, FREE, free, free - 1) === free) return true
    }
  }

  private *wait(): Generator<Miou.Suspension, void> {
    using _ = yield* Miou.Mutex.lock(guard)
    // Counted before it looks again: who gives a place back from now on tells.
    Atomics.add(this.places, WAITING, 1)
    try {
      while (!this.take()) yield* Miou.Condition.wait(freed, guard)
    } finally {
      Atomics.sub(this.places, WAITING, 1)
    }
  }

  /** A client has the place of who has entered. */
  arrive(): void {
    this.ready--
  }

  /** Who has entered gives the place back: there are no more clients. */
  leave(): Generator<Miou.Suspension, void> {
    this.ready--
    return this.depart()
  }

  /** A client gives its place back. One that is cut off tells who waits for it too. */
  *depart(): Generator<Miou.Suspension, void> {
    if (!this.limited) return
    Atomics.add(this.places, FREE, 1)
    if (Atomics.load(this.places, WAITING) === 0) return
    yield* Miou.shield(function* () {
      using _ = yield* Miou.Mutex.lock(guard)
      Miou.Condition.signal(freed)
    })
  }

  /** Waits until one of this domain has a place and waits for a client. */
  *vacancy(): Generator<Miou.Suspension, void> {
    while (this.ready === 0) {
      const watch = Miou.syscall('room')
      this.watching.push(watch)
      yield* Miou.suspend(watch)
    }
  }
}
