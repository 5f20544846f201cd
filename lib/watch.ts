import { log } from './log.js'
import { CALLS, words } from './ring.js'
import type { RunRecord } from './run-record.js'
import { DONE, nameOf, READY, type TaskRecord, URGENT } from './task.js'
import { drawTree } from './tree.js'

/** Milliseconds between two looks. */
const PERIOD = 1000

/**
 * With MIOU_DEBUG, looks at a run once a second and says what keeps it: a shield that a cancelled task is still in, or that
 * every task waits and nothing can wake one. Returns what ends it.
 */
export function watch(run: RunRecord, signals: () => boolean): () => void {
  const shielded = new Set<TaskRecord>()
  let calls = -1
  let told = false
  const timer = setInterval(() => {
    for (const task of tasksOf(run)) {
      if (task.cancelled === null || task.shields === 0) shielded.delete(task)
      else if (shielded.has(task))
        log(
          `${nameOf(task)} was cancelled and is in a shield for more than a second: ${task.op?.describe() ?? 'running'}`,
        )
      else shielded.add(task)
    }
    const quiet = words[CALLS] === calls
    calls = words[CALLS]
    if (told || !quiet || run.away.size > 0 || signals() || [...tasksOf(run)].some(mayWake)) return
    told = true
    drawTree(run, (text) => log(`every task waits, and nothing can wake one:\n${text}`))
  }, PERIOD)
  timer.unref()
  return () => clearInterval(timer)
}

/** Whether a task can run, or waits for something outside of tasks: the system, a timer, a callback. */
function mayWake(task: TaskRecord): boolean {
  return (task.flags & (READY | URGENT)) !== 0 || task.op === null || task.op.external
}

/** The live tasks of a run on this domain. */
function* tasksOf(run: RunRecord): Generator<TaskRecord> {
  const stack = [...run.roots]
  for (let task = stack.pop(); task !== undefined; task = stack.pop()) {
    if (!(task.flags & DONE)) yield task
    for (let child = task.children; child !== null; child = child.older) stack.push(child)
  }
}
