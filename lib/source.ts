import { InvalidArgument } from './errors.js'
import { staysAtHome } from './handle.js'
import { log } from './log.js'
import { currentTask, make, Op, type Operation } from './operation.js'
import { isPlain } from './plain.js'
import type { RunRecord } from './run-record.js'
import { ready, schedule } from './ready.js'
import { nameOf, type TaskRecord } from './task.js'
import { nextDeadline } from './timers.js'
import { trace, tracing } from './trace.js'

let last = 0

/** A point at which one task may wait, once, for something that only its maker knows. Made by `syscall`. */
export class Syscall {
  /** Tells it from other types, for the compiler only. */
  declare protected readonly kind: 'syscall'
  /** Unique on this domain. */
  readonly uid = ++last
  /** @internal */
  signaled = false
  /** @internal */
  waiter: Suspend | null = null
  /** @internal */
  constructor(
    /** @internal */
    readonly task: TaskRecord,
    /** The name that traces and the task tree show. */
    readonly name: string,
  ) {}
}

staysAtHome(Syscall, 'syscall', 'only the task that made it may suspend on it')

/** Where the events of a program come from that brings its own: asked at each turn while it is waited for. */
export interface EventSource {
  /**
   * @param block Whether it may wait for an event, since the domain has nothing else to do.
   * @param cancelled Uids of the syscalls that nobody waits for any more, each told once.
   * @param timeout How long it may wait without being late for a timer, in ms; Infinity where none is set.
   * @returns The syscalls that are over.
   */
  select(block: boolean, cancelled: readonly number[], timeout: number): readonly Syscall[]
  /** One shared word: whoever has work for this domain stores 1 and notifies. */
  interrupt?: Int32Array
  /** Called once, at the end of the run. What it throws is logged. */
  finalise?(): void
}

/** Makes the event source of a domain, on that domain. */
export type EventFactory = (domain: number) => EventSource

/** A source and what it has not been told yet. */
export class SourceRecord {
  cancelled: number[] = []
  constructor(
    readonly source: EventSource,
    readonly run: RunRecord,
  ) {}
}

const sources: SourceRecord[] = []

/** Asks a source from now on, until its run ends. */
export function addSource(record: SourceRecord): void {
  sources.push(record)
  // Its module may have been loaded while tasks began to wait.
  if (record.run.suspended > 0) schedule()
}

/** The run of a source has ended on this domain. */
export function removeSource(record: SourceRecord): void {
  sources.splice(sources.indexOf(record), 1)
  try {
    record.source.finalise?.()
  } catch (error) {
    log('finalise of an event source threw', error)
  }
}

/** Asks every source that is waited for. */
export function askSources(idle: boolean): void {
  for (const record of sources) {
    if (record.run.suspended === 0) continue
    const { cancelled } = record
    record.cancelled = []
    const deadline = nextDeadline()
    const timeout = deadline < 0 ? Number.POSITIVE_INFINITY : Math.max(0, deadline - performance.now())
    try {
      for (const syscall of record.source.select(idle, cancelled, timeout)) signal(syscall)
    } catch (error) {
      record.run.fail(error)
    }
    schedule()
  }
}

/** Whether a source has to be asked again before the domain may sleep. */
export function askAgain(): boolean {
  return sources.some((record) => record.run.suspended > 0)
}

/** Waits for a syscall. */
class Suspend extends Op<void> {
  readonly label = 'suspend(syscall)'
  syscall: Syscall | null = null
  register: (() => void) | undefined

  override get external(): boolean {
    return true
  }

  override get traced(): boolean {
    return true
  }

  override attempt(): boolean {
    return this.syscall!.signaled
  }

  wait(): void {
    const { task } = this
    this.syscall!.waiter = this
    task.run.suspended++
    if (tracing.on) trace({ type: 'suspend', on: this.syscall!.name }, task)
    // A reporter may have cancelled the task, by the signal of the run.
    if (!this.waits) return
    try {
      this.register?.()
    } catch (error) {
      // It may have signaled first, or cancelled the task.
      if (this.waits) this.abort()
      this.unwait()
      throw error
    }
  }

  abort(): void {
    this.over()
    this.task.run.source?.cancelled.push(this.syscall!.uid)
  }

  finish(): void {
    if (this.syscall!.waiter !== null) this.over()
  }

  /** Nobody waits for the syscall any more. */
  private over(): void {
    const { task } = this
    const syscall = this.syscall!
    syscall.waiter = null
    task.run.suspended--
    if (tracing.on) trace({ type: 'continue', on: syscall.name }, task)
  }

  override describe(): string {
    return `suspend ${this.syscall?.name}`
  }
}

/**
 * A new syscall of the current task.
 *
 * @example
 * const done = Miou.syscall('fs.stat')
 * yield* Miou.suspend(done, () => fs.stat(path, () => Miou.signal(done)))
 */
export function syscall(name?: string): Syscall {
  const task = currentTask('syscall(name)')
  if (name !== undefined && typeof name !== 'string') throw new InvalidArgument('syscall: its name is a string')
  return new Syscall(task, name ?? `syscall ${last + 1}`)
}

/**
 * Calls `register`, then waits until the syscall is signaled. It was called if and only if the task waits. A syscall
 * that was signaled before returns at once.
 *
 * @throws `InvalidArgument` for a syscall of another task; what `register` throws.
 * @example
 * const done = Miou.syscall('timer')
 * yield* Miou.suspend(done, () => setTimeout(() => Miou.signal(done), 100))
 */
export function suspend(s: Syscall, register?: () => void): Operation<void> {
  if (!(s instanceof Syscall)) throw new InvalidArgument('suspend takes a syscall, as syscall() makes it')
  if (register !== undefined && !isPlain(register))
    throw new InvalidArgument('suspend: register is a function, no function*, which is called once the task waits')
  const op = new Suspend()
  make(op)
  if (s.task !== op.task) {
    op.task.made = null
    throw new InvalidArgument(`this syscall belongs to ${nameOf(s.task)}: only the task that made it may suspend on it`)
  }
  op.syscall = s
  op.register = register
  return op
}

/**
 * Ends the wait for a syscall, now or when it begins; from any callback of its domain. More than once does no harm.
 *
 * @throws `InvalidArgument` for what is no syscall of this domain.
 * @example
 * child.once('exit', () => Miou.signal(exited))
 */
export function signal(s: Syscall): void {
  if (!(s instanceof Syscall)) throw new InvalidArgument('signal takes a syscall of this domain, as syscall() makes it')
  if (s.signaled) return
  s.signaled = true
  if (s.waiter !== null) ready(s.waiter.task)
}
