import * as Miou from 'miou'
import { logged } from '../logged.js'
import { plant } from './actor.js'
import { broken, deadDomains, makeShared, taskCount } from './ledger.js'
import type { Outcome } from './model.js'
import { remains } from './remains.js'
import type { Node } from './step.js'

/** Milliseconds after which a run counts as hanging. */
const PATIENCE = 5000

/** What became of a run of a random tree. */
export interface Examined {
  outcome: Outcome
  /** What the run rejected with. */
  error: unknown
  tasks: number
  /** How many domains have died. */
  dead: number
  /** Every rule that does not hold. */
  found: string[]
}

/** Runs a tree as main and looks at everything that must hold afterwards. */
export async function examine(tree: Node, options: Miou.RunOptions): Promise<Examined> {
  const shared = makeShared()
  let error: unknown
  let outcome: Outcome = 'ok'
  const warnings: string[] = []
  const warned = ({ name, message }: Error): unknown => name === 'MiouWarning' && warnings.push(message)
  process.on('warning', warned)
  // What tasks throw while they unwind is logged, and there is much of it.
  await logged(async () => {
    try {
      await inTime(Miou.run(() => plant(shared, tree), options))
    } catch (thrown) {
      error = thrown
      outcome = nameOf(thrown)
    }
  })
  const dead = deadDomains(shared).length
  const found = outcome === HANGS ? [outcome] : [...broken(shared), ...(await remains(options.domains!))]
  process.off('warning', warned)
  // A descriptor that was on its way to a domain that dies may be nobody's.
  if (dead === 0) found.push(...warnings)
  return { outcome, error, tasks: taskCount(shared), dead, found }
}

const HANGS = 'it hangs'

function nameOf(error: unknown): Outcome {
  if (error instanceof Miou.Cancelled) return 'cancelled'
  if (error instanceof Miou.TimeoutError) return 'timeout'
  if (error instanceof Miou.NoDomainAvailable) return 'nodomain'
  if (!(error instanceof Error)) return String(error)
  return error.message.startsWith('fail:') || error.message === HANGS ? error.message : String(error.stack)
}

function inTime<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(HANGS)), PATIENCE)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
