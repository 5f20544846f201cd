import * as Miou from 'miou'
import { here } from '../../../dist/here.js'
import { over, Rule, type Shared, violated } from './ledger.js'
import type { Steps } from './noted.js'
import type { Node } from './step.js'

/** A child of a task of a random tree; its value is its number. */
interface Child {
  readonly index: number
  readonly task: Miou.Task<number>
  cancelled: boolean
}

/** The children of a task of a random tree, and what is checked when one is over. */
export class Children {
  private readonly all: Child[] = []
  private collector: Miou.Orphans<number> | undefined

  constructor(private readonly shared: Shared) {}

  /** The collector for those that are stored, made where it is needed. */
  get orphans(): Miou.Orphans<number> {
    this.collector ??= Miou.orphans<number>()
    return this.collector
  }

  add(index: number, task: Miou.Task<number>): void {
    this.all.push({ index, task, cancelled: false })
  }

  /** The one of that number, where there is any. */
  private at(number: number): Child | undefined {
    return this.all[number % this.all.length]
  }

  /** Checks how a child ended that has been awaited. */
  check(child: { index: number; cancelled: boolean }, result: Miou.Result<number>): void {
    over(this.shared, child.index)
    if (child.cancelled && (result.ok || !(result.error instanceof Miou.Cancelled))) {
      violated(this.shared, Rule.cancelled)
    }
    if (result.ok && result.value !== child.index) violated(this.shared, Rule.value)
  }

  *await(number: number): Steps<void> {
    const child = this.at(number)
    if (child !== undefined) this.check(child, yield* Miou.await(child.task))
  }

  *awaitExn(number: number): Steps<void> {
    const child = this.at(number)
    if (child === undefined) return
    try {
      this.check(child, { ok: true, value: yield* child.task })
    } catch (error) {
      if (here.current!.cancelled === null) this.check(child, { ok: false, error })
      throw error
    }
  }

  *awaitAll(): Steps<void> {
    const children = [...this.all]
    for (const [i, result] of (yield* Miou.awaitAll(children.map(({ task }) => task))).entries()) {
      this.check(children[i]!, result)
    }
  }

  *race(op: 'awaitOne' | 'awaitFirst', numbers: readonly number[]): Steps<void> {
    if (this.all.length === 0 || numbers.length === 0) return
    const chosen = numbers.map((number) => this.at(number)!)
    const tasks = chosen.map(({ task }) => task)
    const result = yield* op === 'awaitOne' ? Miou.awaitOne(tasks) : Miou.awaitFirst(tasks)
    if (op === 'awaitFirst') for (const { index } of chosen) over(this.shared, index)
    if (result.ok && !chosen.some(({ index }) => index === result.value)) violated(this.shared, Rule.value)
  }

  *cancel(number: number): Steps<void> {
    const child = this.at(number)
    if (child === undefined) return
    yield* Miou.cancel(child.task)
    child.cancelled = true
    over(this.shared, child.index)
  }

  *collect(op: 'get' | 'drain' | 'care' | 'take'): Steps<void> {
    const { collector } = this
    if (collector === undefined) return
    if (op === 'get') yield* Miou.get(collector)
    else if (op === 'drain') yield* Miou.drain(collector)
    else {
      const task = op === 'care' ? Miou.care(collector) : Miou.take(collector)
      if (task) yield* Miou.await(task)
    }
  }

  /** Settles all of them, so that their parent may return. */
  *settle(how: Node['settle']): Steps<void> {
    if (how === 'first') yield* this.race('awaitFirst', [...this.all.keys()])
    for (const number of this.all.keys()) yield* how === 'cancel' ? this.cancel(number) : this.await(number)
  }
}
