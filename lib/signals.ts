import { isMainThread } from 'node:worker_threads'
import { InvalidArgument } from './errors.js'
import { log } from './log.js'
import { currentTask, type Operation } from './operation.js'
import { ready } from './ready.js'
import type { RunRecord } from './run-record.js'
import { type Body, nameOf, resultOf, TaskRecord } from './task.js'
import { extra } from './extra.js'
import { constants } from 'node:os'

/** What is done when a signal comes: the system's default, nothing, or a task. */
export type Behaviour = 'default' | 'ignore' | (() => Operation<void> | void)

interface Installed {
  behaviour: Behaviour
  listener: (() => void) | undefined
  run: RunRecord
}

const installed = new Map<NodeJS.Signals, Installed>()

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
  if (!(name in constants.signals) || name === 'SIGKILL' || name === 'SIGSTOP') {
    throw new InvalidArgument(`sysSignal: ${String(name)} is no signal that can be caught`)
  }
  if (behaviour !== 'default' && behaviour !== 'ignore' && typeof behaviour !== 'function') {
    throw new InvalidArgument("sysSignal: the behaviour is 'default', 'ignore' or a function")
  }
  const before = installed.get(name)
  if (before?.listener !== undefined) process.off(name, before.listener)
  const listener = listenerOf(name, behaviour, run)
  if (listener !== undefined) process.on(name, listener)
  if (behaviour === 'default') installed.delete(name)
  else installed.set(name, { behaviour, listener, run })
  return before?.behaviour ?? 'default'
}

function listenerOf(name: NodeJS.Signals, behaviour: Behaviour, run: RunRecord): (() => void) | undefined {
  if (behaviour === 'default') return undefined
  if (behaviour === 'ignore') return () => {}
  return () => start(name, behaviour as () => Operation<void> | void, run)
}

/** A signal has come: its task is a root of the run beside main. */
function start(name: string, behaviour: () => Operation<void> | void, run: RunRecord): void {
  const body = (): Operation<void> => {
    const operation = behaviour()
    return typeof operation === 'object' && operation !== null ? operation : nothing()
  }
  const task = new TaskRecord(run.nextId(), run, null, body as Body<unknown>, 0)
  extra(task).name = name
  run.roots.add(task)
  ready(task)
}

function* nothing(): Generator<never, void> {}

/** A task that handled a signal is over. */
export function handled(task: TaskRecord): void {
  const result = resultOf(task)
  if (!result.ok && task.cancelled === null) log(`the handler of a signal threw, ${nameOf(task)}`, result.error)
}

/** The end of a run restores what was before it. */
export function restoreSignals(run: RunRecord): void {
  for (const [name, { listener, run: of }] of installed) {
    if (of !== run) continue
    if (listener !== undefined) process.off(name, listener)
    installed.delete(name)
  }
}

/** Whether a signal may still start a task of a run. */
export function handlesSignals(run: RunRecord): boolean {
  return [...installed.values()].some((one) => one.run === run && one.listener !== undefined)
}
