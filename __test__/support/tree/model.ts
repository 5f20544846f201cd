import type { Node, Step, Where } from './step.js'

/*
 * A simple sequential model of the rules: which outcomes a random tree may have. An outcome is `ok`, or what is thrown:
 * `fail:` with a number, `cancelled`, `timeout` or `nodomain`.
 */

export type Outcome = string

interface Child {
  node: Node
  worker: boolean
  /** `maybe`: it may have been cancelled. */
  state: 'free' | 'maybe' | 'cancelled'
}

interface State {
  children: Child[]
  thrown: Outcome | undefined
}

/** A model of trees on so many extra domains. */
export class Model {
  private readonly known = new Map<Node, Set<Outcome>[]>()

  constructor(private readonly domains: number) {}

  /** What a node may come to, on domain 0 or on another one. */
  outcomes(node: Node, worker: boolean): Set<Outcome> {
    const at = Number(worker)
    const known = this.known.get(node) ?? []
    this.known.set(node, known)
    known[at] ??= new Set(
      this.run(node.steps, [{ children: [], thrown: undefined }], worker).map(({ thrown }) => thrown ?? 'ok'),
    )
    return known[at]
  }

  /** Whether there is a domain to call. */
  private callable(worker: boolean): boolean {
    return this.domains > (worker ? 1 : 0)
  }

  private run(steps: Step[], from: State[], worker: boolean): State[] {
    let states = from
    for (const step of steps) {
      const next = new Map<string, State>()
      for (const state of states) {
        const reached = state.thrown === undefined ? this.step(step, state, worker) : [state]
        for (const one of reached) next.set(`${one.thrown}|${one.children.map((child) => child.state)}`, one)
      }
      states = [...next.values()]
    }
    return states
  }

  private step(step: Step, state: State, worker: boolean): State[] {
    const { children } = state
    const throws = (thrown: Outcome): State => ({ children, thrown })
    const marked = (of: readonly Child[], as: Child['state']): State[] => [
      { thrown: undefined, children: children.map((child) => (of.includes(child) ? { ...child, state: as } : child)) },
    ]
    const on = (where: Where): boolean => worker || where === 'call'
    switch (step.op) {
      case 'spawn': {
        if (step.where === 'call' && !this.callable(worker)) return [throws('nodomain')]
        const child: Child = { node: step.node, worker: on(step.where), state: 'free' }
        return [{ children: [...children, child], thrown: undefined }]
      }
      case 'awaitExn': {
        const child = children[step.child % children.length]
        if (child === undefined) return [state]
        return [...this.outcomesOf(child)].map((outcome) => (outcome === 'ok' ? state : throws(outcome)))
      }
      case 'awaitFirst': {
        if (children.length === 0) return [state]
        const chosen = new Set(step.children.map((number) => children[number % children.length]!))
        const free = [...chosen].filter((child) => child.state === 'free')
        return chosen.size < 2 ? [state] : marked(free, 'maybe')
      }
      case 'cancel': {
        const child = children[step.child % children.length]
        return child === undefined ? [state] : marked([child], 'cancelled')
      }
      case 'hang':
        return step.where === 'call' && !this.callable(worker) ? [throws('nodomain')] : [state]
      case 'lock':
      case 'shield':
        return this.run(step.steps, [state], worker)
      case 'try':
        return this.run(step.steps, [state], worker).map(({ children: after }) => ({
          children: after,
          thrown: undefined,
        }))
      case 'finally':
        return this.run(step.steps, [state], worker).flatMap((reached) =>
          this.run(step.cleanup, [{ ...reached, thrown: undefined }], worker).map((after) => ({
            ...after,
            thrown: after.thrown ?? reached.thrown,
          })),
        )
      case 'timeout':
        return [...this.outcomes(step.node, worker), 'timeout'].map((outcome) =>
          outcome === 'ok' ? state : throws(outcome),
        )
      case 'parallel':
        return step.count > 0 && !this.callable(worker) ? [throws('nodomain')] : [state]
      case 'fail':
        return [throws(`fail:${step.id}`)]
      default:
        // What breaks a rule, or ends a domain, has an outcome that no model foresees.
        return [state]
    }
  }

  private outcomesOf(child: Child): Set<Outcome> {
    if (child.state === 'cancelled') return new Set(['cancelled'])
    const outcomes = this.outcomes(child.node, child.worker)
    return child.state === 'free' ? outcomes : new Set([...outcomes, 'cancelled'])
  }
}
