import * as Miou from '../index.js'

/** Places for the clients of one domain. Who accepts takes a place first, or waits for one, first come, first served. */
export class Room {
  /** Places that nobody has. */
  private free: number
  /** Clients that are there. The other places that are taken are those of who accepts just now. */
  private clients = 0
  private readonly waiting: Miou.Syscall[] = []
  private readonly watching: Miou.Syscall[] = []

  constructor(
    /** How many clients there may be at a time; Infinity is no limit. */
    private readonly size: number,
  ) {
    this.free = size
  }

  /** Waits for a place and takes it. */
  *enter(): Generator<Miou.Suspension, void> {
    while (this.free === 0) yield* wait(this.waiting)
    this.free--
  }

  /** Gives a place back that no client has had. */
  leave(): void {
    this.free++
    wake(this.waiting)
  }

  /** A client has the place. */
  arrive(): void {
    this.clients++
  }

  /** A client gives its place back. */
  depart(): void {
    this.clients--
    for (const _ of this.watching.slice()) wake(this.watching)
    this.leave()
  }

  /** Waits until somebody may be let in. */
  *vacancy(): Generator<Miou.Suspension, void> {
    while (this.clients === this.size) yield* wait(this.watching)
  }
}

function* wait(line: Miou.Syscall[]): Generator<Miou.Suspension, void> {
  const place = Miou.syscall('room')
  line.push(place)
  yield* Miou.suspend(place)
}

function wake(line: Miou.Syscall[]): void {
  const first = line.shift()
  if (first !== undefined) Miou.signal(first)
}
