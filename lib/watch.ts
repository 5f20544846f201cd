import { debugging, log } from './log.js'
import { CALLS, words } from './ring.js'
import type { RunRecord } from './run-record.js'
import { DONE, nameOf, REMOTE, type TaskRecord } from './task.js'
import { drawTree } from './tree.js'

/** Milliseconds between two looks. */
const PERIOD = 1000

/**
 * With MIOU_DEBUG, looks at the tasks of a run on this domain once a second and names those that were cancelled and are in a
 * shield still; on domain 0 it also says once that every task of the run waits and nothing of ours can wake one, where
 * `signals` says that none may come from the system. Returns what ends it.
 */
export function watch(run: RunRecord, signals?: () => boolean): () => void {
  if (!debugging()) return () => {}
  const shielded = new Set<TaskRecord>()
  const stuck = signals === undefined ? undefined : new Stuck(run, signals)
  const timer = setInterval(() => {
    nameShields(run, shielded)
    stuck?.look()
  }, PERIOD)
  timer.unref()
  return () => clearInterval(timer)
}

/** Names the tasks that were cancelled, and in a shield, at the last look already. */
function nameShields(run: RunRecord, shielded: Set<TaskRecord>): void {
  for (const task of tasksOf(run)) {
    if (task.cancelled === null || task.shields === 0) shielded.delete(task)
    else if (shielded.has(task))
      log(
        `${nameOf(task)} was cancelled and is in a shield for more than a second: ${task.op?.describe() ?? 'running'}`,
      )
    else shielded.add(task)
  }
}

/** Whether every task of a run waits for another one. */
class Stuck {
  /** What this domain had done at the last look. */
  private calls = -1
  private told = false

  constructor(
    private readonly run: RunRecord,
    private readonly signals: () => boolean,
  ) {}

  look(): void {
    const quiet = words[CALLS] === this.calls
    this.calls = words[CALLS]
    if (this.told || !quiet || this.signals()) return
    drawTree(this.run, (text, stuck) => {
      if (!stuck || this.told) return
      this.told = true
      log(`every task waits, and nothing of Miou's can wake one (a callback may):\n${text}`)
    })
  }
}

/** The live tasks of a run on this domain. */
function* tasksOf(run: RunRecord): Generator<TaskRecord> {
  const stack = [...run.roots]
  for (let task = stack.pop(); task !== undefined; task = stack.pop()) {
    if (!(task.flags & (DONE | REMOTE))) yield task
    for (let child = task.children; child !== null; child = child.older) stack.push(child)
  }
}
