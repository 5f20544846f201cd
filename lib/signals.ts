import { isMainThread } from 'node:worker_threads'
import { cancelTree } from './cancellation.js'
import { InvalidArgument } from './errors.js'
import { log } from './log.js'
import { currentTask, type Operation } from './operation.js'
import { ready } from './ready.js'
import type { RunRecord } from './run-record.js'
import { type Body, nameOf, resultOf, TaskRecord } from './task.js'
import { extra } from './extra.js'
import { trace, tracing } from './trace.js'
import { constants } from 'node:os'
import { shown } from './shown.js'

/** What is done when a signal comes: the system's default, nothing, or a task. */
export type Behaviour = 'default' | 'ignore' | (() => Operation<void> | void)

interface Installed {
  behaviour: Behaviour
  listener: (() => void) | undefined
  run: RunRecord
}

/** What each run has said, the last run last: it decides, and its end restores what the one before it has said. */
const installed = new Map<NodeJS.Signals, Installed[]>()

/** The one that decides. */
function deciding(name: NodeJS.Signals): Installed | undefined {
  return installed.get(name)?.at(-1)
}

/**
 * Says what is done when the process receives a signal, until the end of the run. A function becomes the body of a task on
 * domain 0, which is cancelled when main ends; what it throws is logged. Listeners that the program has set with
 * `process.on` are kept beside it.
 *
 * @returns What was done before.
 * @throws `InvalidArgument` outside of domain 0 of the main thread, or for a signal that can't be caught; `NotInTask`.
 * @example
 * sysSignal('SIGINT', function* () {
 *   stopping = true
 *   Condition.broadcast(stop)
 * })
 */
export function sysSignal(name: NodeJS.Signals, behaviour: Behaviour): Behaviour {
  const { run } = currentTask('sysSignal(name, behaviour)')
  if (!isMainThread || run.domain !== 0) {
    throw new InvalidArgument('sysSignal works on domain 0 of the main thread: signals are handled there')
  }
  if (typeof name !== 'string' || !Object.hasOwn(constants.signals, name) || name === 'SIGKILL' || name === 'SIGSTOP') {
    throw new InvalidArgument(`sysSignal: ${shown(name)} is no signal that can be caught`)
  }
  if (behaviour !== 'default' && behaviour !== 'ignore' && typeof behaviour !== 'function') {
    throw new InvalidArgument("sysSignal: the behaviour is 'default', 'ignore' or a function")
  }
  const before = deciding(name)
  const others = installed.get(name)?.filter((one) => one.run !== run) ?? []
  decide(name, [...others, { behaviour, listener: listenerOf(name, behaviour, run), run }])
  return before?.behaviour ?? 'default'
}

/** Has the last of these decide. */
function decide(name: NodeJS.Signals, list: Installed[]): void {
  const before = deciding(name)?.listener
  const after = list.at(-1)?.listener
  // The next one first: where Node has no listener for a moment, the signal would end the process.
  if (after !== undefined && after !== before) process.on(name, after)
  if (before !== undefined && after !== before) process.off(name, before)
  if (list.length === 0) installed.delete(name)
  else installed.set(name, list)
}

function listenerOf(name: NodeJS.Signals, behaviour: Behaviour, run: RunRecord): (() => void) | undefined {
  if (behaviour === 'default') return undefined
  if (behaviour === 'ignore') return () => {}
  return () => start(name, behaviour as () => Operation<void> | void, run)
}

/** A signal has come: its task is a root of the run beside main. Once main is over, it is cancelled before it begins. */
function start(name: string, behaviour: () => Operation<void> | void, run: RunRecord): void {
  const body = (): Operation<void> => {
    const operation = behaviour()
    return typeof operation === 'object' && operation !== null ? operation : nothing()
  }
  const task = new TaskRecord(run.nextId(), run, null, body as Body<unknown>, 0)
  extra(task).name = name
  if (run.context !== undefined) extra(task).context = run.context()
  run.roots.add(task)
  if (tracing.on) trace({ type: 'spawn', parent: 0, kind: 'async', name }, task)
  ready(task)
  if (run.ending) cancelTree(task, undefined)
}

function* nothing(): Generator<never, void> {}

/** A task that handled a signal is over. */
export function handled(task: TaskRecord): void {
  const result = resultOf(task)
  if (!result.ok && task.cancelled === null) log(`the handler of a signal threw, ${nameOf(task)}`, result.error)
}

/** The end of a run restores what was before it. */
export function restoreSignals(run: RunRecord): void {
  for (const [name, list] of installed) {
    const others = list.filter((one) => one.run !== run)
    if (others.length < list.length) decide(name, others)
  }
}

/** Whether a signal may still start a task of a run. */
export function handlesSignals(run: RunRecord): boolean {
  return [...installed.keys()].map(deciding).some((one) => one?.run === run && one.listener !== undefined)
}
