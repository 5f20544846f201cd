import { Heap, type Placed } from './heap.js'
import { choose } from './random.js'
import { resultOf, type TaskRecord } from './task.js'

/** A task in a collector. */
export class Stored implements Placed {
  place = -1
  older: Stored | null = null
  newer: Stored | null = null
  /** Those that ended as it did, while it is among them. */
  peers: Stored[] | null = null
  /** Its place among them. */
  at = 0
  constructor(
    readonly task: TaskRecord,
    private readonly collector: Collector,
  ) {}

  /** Its task is over. */
  ended(): void {
    this.collector.ended(this)
  }
}

/** Stores tasks. Nothing that it does looks at more of them than it hands out. */
export class Collector {
  /** The first task that used it. */
  owner: TaskRecord | null = null
  /** How many it stores. */
  length = 0
  private newest: Stored | null = null
  /** Those that have ended, the newest first: a parent's children have rising ids. */
  private readonly over = new Heap<Stored>((a, b) => a.task.id > b.task.id)
  /** Those that have ended, by how they did. */
  private readonly returned: Stored[] = []
  private readonly failed: Stored[] = []

  /** Stores a task; what stands for it here. */
  store(task: TaskRecord): Stored {
    const stored = new Stored(task, this)
    stored.older = this.newest
    if (this.newest !== null) this.newest.newer = stored
    this.newest = stored
    this.length++
    return stored
  }

  /** One that is stored has ended. */
  ended(stored: Stored): void {
    this.over.add(stored)
    this.file(stored)
  }

  /** Whether one has ended. */
  get hasEnded(): boolean {
    return this.over.length > 0
  }

  /** Removes the newest. */
  takeNewest(): TaskRecord | undefined {
    return this.newest === null ? undefined : this.remove(this.newest)
  }

  /** Removes the newest that has ended. */
  takeNewestEnded(): TaskRecord | undefined {
    return this.over.first === undefined ? undefined : this.remove(this.over.first)
  }

  /** Removes one that has ended: by chance, but one that returned before one that threw. */
  takeAnyEnded(chooser: TaskRecord): TaskRecord | undefined {
    const { returned, failed } = this
    while (returned.length > 0) {
      const stored = returned[choose(chooser, returned.length)]!
      if (resultOf(stored.task).ok) return this.remove(stored)
      // Cancelled after it had ended.
      this.unfile(stored)
      this.file(stored)
    }
    return failed.length === 0 ? undefined : this.remove(failed[choose(chooser, failed.length)]!)
  }

  private remove(stored: Stored): TaskRecord {
    const { older, newer } = stored
    if (newer === null) this.newest = older
    else newer.older = older
    if (older !== null) older.newer = newer
    this.length--
    this.over.remove(stored)
    this.unfile(stored)
    // It may not have ended yet: then nobody is to be told.
    stored.task.stored = null
    return stored.task
  }

  private file(stored: Stored): void {
    stored.peers = resultOf(stored.task).ok ? this.returned : this.failed
    stored.at = stored.peers.push(stored) - 1
  }

  private unfile({ peers, at }: Stored): void {
    if (peers === null) return
    const last = peers.pop()!
    if (last.at === at) return
    peers[at] = last
    last.at = at
  }
}
