/** What stands in a heap: it knows its place. */
export interface Placed {
  /** Place in the heap; -1 outside of it. */
  place: number
}

/**
 * A binary heap whose elements know their place, so that any of them leaves in logarithmic time.
 * (J. W. J. Williams, Algorithm 232, 1964.)
 */
export class Heap<T extends Placed> {
  private readonly items: T[] = []

  constructor(
    /** Whether `a` comes out before `b`. */
    private readonly before: (a: T, b: T) => boolean,
  ) {}

  get length(): number {
    return this.items.length
  }

  /** The one that comes out first. */
  get first(): T | undefined {
    return this.items[0]
  }

  add(item: T): void {
    this.up(item, this.items.length)
  }

  /** Takes an element out; does nothing where it is not in. */
  remove(item: T): void {
    const { place } = item
    if (place < 0) return
    item.place = -1
    const last = this.items.pop()!
    if (last === item) return
    this.down(last, place)
    this.up(last, last.place)
  }

  private put(item: T, place: number): void {
    this.items[place] = item
    item.place = place
  }

  private up(item: T, from: number): void {
    const { items, before } = this
    let place = from
    while (place > 0) {
      const above = (place - 1) >> 1
      if (!before(item, items[above]!)) break
      this.put(items[above]!, place)
      place = above
    }
    this.put(item, place)
  }

  private down(item: T, from: number): void {
    const { items, before } = this
    let place = from
    for (;;) {
      let below = 2 * place + 1
      if (below >= items.length) break
      if (below + 1 < items.length && before(items[below + 1]!, items[below]!)) below++
      if (!before(items[below]!, item)) break
      this.put(items[below]!, place)
      place = below
    }
    this.put(item, place)
  }
}
