import { cargoOf } from './cargo.js'
import { place } from './domain-thread.js'
import { BRANCH, onMessage, TREE } from './mail.js'
import { begin, prepare, put, putInt, send } from './message.js'
import { make, Op, type Operation } from './operation.js'
import { ready } from './ready.js'
import { runs } from './remote.js'
import type { RunRecord } from './run-record.js'
import { SWITCHING, WAITING } from './suspension.js'
import { DONE, ENDED, READY, REMOTE, STARTED, type TaskRecord, URGENT } from './task.js'
import { clearTimer, setTimer, type Timer } from './timers.js'

/** Milliseconds after which a domain that does not answer counts as busy. */
const PATIENCE = 100

/** A task as it is shown. */
interface Branch {
  id: number
  name: string
  domain: number
  doing: string
  /** It runs elsewhere: what it does, the answer of that domain says. */
  remote: boolean
  /** Whether it runs, or waits for something that may come from outside of tasks. */
  wakes: boolean
  children: Branch[]
}

function branch(task: TaskRecord): Branch {
  const remote = (task.flags & REMOTE) !== 0
  const children: Branch[] = []
  for (let child = task.children; child !== null; child = child.older) children.push(branch(child))
  children.reverse()
  const name = task.extra?.name ?? (task.id === 1 ? 'main' : '')
  return { id: task.id, name, domain: task.domain, doing: doing(task), remote, wakes: wakes(task), children }
}

/** What a task does, or waits for. */
function doing(task: TaskRecord): string {
  const { flags, op } = task
  const cancelled = task.cancelled !== null && !(flags & DONE) ? ', cancelled' : ''
  if (flags & DONE) return task.state
  if (flags & REMOTE) return `busy${cancelled}`
  if (flags & ENDED) return `${task.state}, its children unwind`
  if (!(flags & STARTED)) return `new${cancelled}`
  if (op === null) return `running${cancelled}`
  if (flags & (READY | URGENT) || op.phase === SWITCHING) return `ready${cancelled}`
  return `${op.describe()}${cancelled}`
}

/** Whether a task can run, or waits for something outside of tasks: the system, a timer, a syscall. */
function wakes({ flags, op }: TaskRecord): boolean {
  // What it waits for at its end are its children.
  if (flags & (REMOTE | ENDED | DONE)) return false
  return (flags & (READY | URGENT)) !== 0 || op === null || op.external
}

function branches(run: RunRecord): Branch[] {
  return [...run.roots].map(branch)
}

/** The answers to one question. */
class Inquiry implements Timer {
  deadline = 0
  order = 0
  place = -1
  private readonly known = new Map<number, Branch>()
  private readonly silent: Set<number>
  private readonly number = ++last

  constructor(
    run: RunRecord,
    private readonly done: (text: string, stuck: boolean) => void,
  ) {
    this.silent = new Set(run.places.filter((at) => at !== place()))
    this.add(branches(run))
    inquiries.set(this.number, this)
    for (const to of this.silent) {
      begin(TREE)
      putInt(run.id)
      putInt(this.number)
      send(to)
    }
    if (this.silent.size === 0) this.elapse()
    else setTimer(this, PATIENCE)
  }

  private add(list: Branch[]): void {
    for (const one of list) {
      if (!one.remote) this.known.set(one.id, one)
      this.add(one.children)
    }
  }

  answer(from: number, list: Branch[]): void {
    this.add(list)
    this.silent.delete(from)
    if (this.silent.size > 0) return
    clearTimer(this)
    this.elapse()
  }

  /** All have answered, or time is up. */
  elapse(): void {
    inquiries.delete(this.number)
    const lines: string[] = []
    const below = new Set<number>()
    for (const one of this.known.values()) for (const child of one.children) below.add(child.id)
    // Main, and the tasks that handle signals; what hangs below a domain that is silent hangs in the air.
    const roots = [...this.known.values()].filter((one) => !below.has(one.id))
    for (const root of roots.sort((a, b) => a.id - b.id)) this.draw(root, '', '', lines)
    this.done(lines.join('\n'), this.silent.size === 0 && ![...this.known.values()].some((one) => one.wakes))
  }

  private draw(shown: Branch, first: string, rest: string, lines: string[]): void {
    const { id, name, domain, doing, children } = (shown.remote && this.known.get(shown.id)) || shown
    lines.push(`${first}${id}${name === '' ? '' : ` ${name}`}, domain ${domain}: ${doing}`)
    children.forEach((child, index) => {
      const last = index === children.length - 1
      this.draw(child, `${rest}${last ? '└─ ' : '├─ '}`, `${rest}${last ? '   ' : '│  '}`, lines)
    })
  }
}

let last = 0
/** The inquiries under way, by number. */
const inquiries = new Map<number, Inquiry>()

onMessage(TREE, (message) => {
  const run = runs.get(message.int())
  const number = message.int()
  const prepared = prepare(run === undefined ? [] : branches(run), message.from, cargoOf('a task tree'))
  begin(BRANCH)
  putInt(number)
  put(prepared)
  send(message.from)
})

onMessage(BRANCH, (message) => {
  const inquiry = inquiries.get(message.int())
  const list = message.value() as Branch[]
  inquiry?.answer(message.from, list)
})

/** Draws the task tree of a run; `done` gets the text within 100 ms, and whether every task waits and none can wake another. */
export function drawTree(run: RunRecord, done: (text: string, stuck: boolean) => void): void {
  new Inquiry(run, done)
}

class Tree extends Op<string> {
  readonly label = 'tree()'
  private text = ''

  override get external(): boolean {
    return true
  }

  wait(): void {
    drawTree(this.task.run, (text) => {
      this.text = text
      // Where its task was cancelled meanwhile, that waits for something else.
      if (this.phase === WAITING) ready(this.task)
    })
  }

  abort(): void {}

  finish(): string {
    return this.text
  }
}

/**
 * The live task tree of the run, on all domains: a line a task, with its name, its domain and what it waits for; the parent
 * first, its children indented below it. A domain that does not answer for 100 ms shows as busy.
 *
 * @example
 * console.log(yield* Miou.tree())
 */
export function tree(): Operation<string> {
  const op = new Tree()
  make(op)
  return op
}
