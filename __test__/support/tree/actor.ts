import * as Miou from 'miou'
import * as Unix from 'miou/unix'
import { never } from '../waiting.js'
import { letGo, newest, own, releaseAll } from './belongings.js'
import { Children } from './children.js'
import { door } from './door.js'
import { dying, enrol, over, type Shared } from './ledger.js'
import { lasting } from './lasting.js'
import { noted, type Steps, turns } from './noted.js'
import { locked, waitOr } from './section.js'
import { complete, dequeue, enqueue, force } from './sharing.js'
import type { Ending, Hang, Node, Step } from './step.js'
import { wire } from './wire.js'

/** One task of a random tree: does what its node says. */
class Actor {
  private readonly children: Children
  /** It is to break a rule by the way in which it ends. */
  private careless = false

  constructor(
    private readonly shared: Shared,
    private readonly index: number,
  ) {
    this.children = new Children(shared)
  }

  *run(node: Node, last: Hang['how'] | undefined): Steps<number> {
    yield* this.steps(node.steps)
    if (last !== undefined) return yield* lasting(this.shared, this.index, last)
    if (this.careless) return this.index
    yield* this.children.settle(node.settle)
    releaseAll()
    return this.index
  }

  private *steps(steps: readonly Step[]): Steps<void> {
    for (const step of steps) yield* this.step(step)
  }

  private *step(step: Step): Steps<void> {
    const { shared, index, children } = this
    switch (step.op) {
      case 'yield':
        return yield* Miou.yield()
      case 'sleep':
        return yield* Unix.sleep(step.ms)
      case 'spawn':
        return this.spawn(step)
      case 'await':
      case 'awaitExn':
      case 'cancel':
        return yield* children[step.op](step.child)
      case 'awaitAll':
        return yield* children.awaitAll()
      case 'awaitOne':
      case 'awaitFirst':
        return yield* children.race(step.op, step.children)
      case 'get':
      case 'drain':
      case 'care':
      case 'take':
        return yield* children.collect(step.op)
      case 'own':
        return own(shared)
      case 'socket':
        Unix.Ownership.udpv4()
        return
      case 'release':
      case 'disown':
      case 'transfer':
        return yield* letGo(shared, step.op)
      case 'lock':
        return yield* locked(shared, step.mutex, index, step.style, () => this.steps(step.steps))
      case 'waitOr':
        return yield* waitOr(shared, step.mutex, step.condition, index, step.ms)
      case 'signal': {
        const condition = shared.conditions[step.condition]!
        return step.all ? Miou.Condition.broadcast(condition) : Miou.Condition.signal(condition)
      }
      case 'try':
        try {
          yield* this.steps(step.steps)
        } catch {}
        return
      case 'shield':
        return yield* Miou.shield(() => this.steps(step.steps))
      case 'finally':
        try {
          return yield* this.steps(step.steps)
        } finally {
          yield* this.steps(step.cleanup)
        }
      case 'fail':
        throw new Error(`fail:${step.id}`)
      case 'timeout': {
        const acting = this.below(step.node)
        yield* Miou.timeout(step.ms, () => act(acting))
        return
      }
      case 'parallel':
        return yield* this.parallel(step.node, step.count)
      case 'hang':
        return yield* this.hang(step)
      case 'enqueue':
        return enqueue(shared)
      case 'dequeue':
        return dequeue(shared)
      case 'force':
        return yield* force(shared)
      case 'complete':
        return yield* complete(shared, step.cell, index, step.turns)
      case 'door':
        return yield* door(shared, step)
      case 'wire':
        return yield* wire(shared, index, step)
      case 'break':
        return yield* this.break(step.rule)
      case 'die':
        return yield* this.die(step.how)
    }
  }

  /** What a child is to do. */
  private below(node: Node, last?: Hang['how']): Acting {
    const { shared } = this
    return { shared, index: enrol(shared, this.index), node, last }
  }

  private spawn({ where, node, give, collect }: Step & { op: 'spawn' }): void {
    const acting = this.below(node)
    const resource = newest()
    const options: Miou.SpawnOptions<number> = { give: give && resource !== null ? [resource] : [] }
    if (collect) options.orphans = this.children.orphans
    const task = where === 'call' ? Miou.call(act, [acting], options) : Miou.async(() => act(acting), options)
    this.children.add(acting.index, task)
  }

  private *parallel(node: Node, count: number): Steps<void> {
    const items = Array.from({ length: count }, () => this.below(node))
    for (const [i, result] of (yield* Miou.parallel(act, items)).entries()) {
      this.children.check({ index: items[i]!.index, cancelled: false }, result)
    }
  }

  private *hang({ where, node, how, turns: before, race }: Hang): Steps<void> {
    const acting = this.below(node, how)
    const task = where === 'call' ? Miou.call(act, [acting]) : Miou.async(() => act(acting))
    yield* turns(before)
    if (race) yield* Miou.awaitFirst([task, Miou.async(() => turns(before))])
    else yield* Miou.cancel(task)
    over(this.shared, acting.index)
  }

  /** Breaks a rule that ends the run: by yielding what is no operation, or at the end of this task. */
  private *break(rule: (Ending & { op: 'break' })['rule']): Steps<void> {
    if (rule === 'foreign') yield 'foreign' as never
    this.careless = true
    if (rule === 'resource') own(this.shared)
    else Miou.async(never)
  }

  /** Ends the domain of this task, but not the process. */
  private *die(how: (Ending & { op: 'die' })['how']): Steps<void> {
    if (Miou.Domain.self() === 0) return
    dying(this.shared)
    if (how === 'exit') process.exit(0)
    setImmediate(() => {
      throw new Error('foreign code')
    })
    yield* never()
  }
}

interface Acting {
  shared: Shared
  /** The number of the task. */
  index: number
  node: Node
  /** What it waits for in the end, where it is not to return. */
  last: Hang['how'] | undefined
}

/** Runs a node as the task that has that number. */
const act = Miou.portable(import.meta, function* act({ shared, index, node, last }: Acting): Steps<number> {
  return yield* noted(shared, index, () => new Actor(shared, index).run(node, last))
})

/** The root of a tree, as main. */
export function plant(shared: Shared, node: Node): Steps<number> {
  return act({ shared, index: enrol(shared, 0), node, last: undefined })
}
