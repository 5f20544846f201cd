import { cargoOf } from './cargo.js'
import { place } from './domain-thread.js'
import { BRANCH, onMessage, TREE } from './mail.js'
import { begin, put, putInt, send } from './message.js'
import { prepare } from './prepared.js'
import { make, Op, type Operation } from './operation.js'
import { ready } from './ready.js'
import { runs } from './remote.js'
import type { RunRecord } from './run-record.js'
import { SWITCHING, WAITING } from './suspension.js'
import { DONE, ENDED, READY, REMOTE, STARTED, type TaskRecord, URGENT } from './task.js'
import { clearTimer, setTimer, type Timer } from './timers.js'

/** Milliseconds after which a domain that does not answer counts as busy. */
const PATIENCE = 100

/** Characters of indentation at the most: deeper tasks stand below each other, or the text would grow with the square. */
const DEEPEST = 180

/** A task as it is shown. They cross as a list, not as a tree, which may be too deep to be told. */
interface Branch {
  id: number
  /** That of its parent on the same domain; 0: none. */
  parent: number
  name: string
  domain: number
  doing: string
  /** It runs elsewhere: what it does, the answer of that domain says. */
  remote: boolean
  /** Whether it runs, or waits for something that may come from outside of tasks. */
  wakes: boolean
}

function branch(task: TaskRecord): Branch {
  const remote = (task.flags & REMOTE) !== 0
  const name = task.extra?.name ?? (task.id === 1 ? 'main' : '')
  const { id, domain } = task
  return { id, parent: task.parent?.id ?? 0, name, domain, doing: doing(task), remote, wakes: wakes(task) }
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

/** The tasks of a run on this domain, children of one parent from the oldest to the newest. */
function branches(run: RunRecord): Branch[] {
  const list: Branch[] = []
  const left = [...run.roots].reverse()
  for (let task = left.pop(); task !== undefined; task = left.pop()) {
    list.push(branch(task))
    for (let child = task.children; child !== null; child = child.older) left.push(child)
  }
  return list
}

/** The answers to one question. */
class Inquiry implements Timer {
  deadline = 0
  order = 0
  place = -1
  private readonly known = new Map<number, Branch>()
  private readonly children = new Map<number, Branch[]>()
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
      if (one.parent === 0) continue
      const siblings = this.children.get(one.parent)
      if (siblings === undefined) this.children.set(one.parent, [one])
      else siblings.push(one)
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
    const below = new Set([...this.children.values()].flatMap((list) => list.map((one) => one.id)))
    // Main, and the tasks that handle signals; what hangs below a domain that is silent hangs in the air.
    const roots = [...this.known.values()].filter((one) => !below.has(one.id)).sort((a, b) => a.id - b.id)
    const lines = roots.flatMap((root) => this.draw(root))
    this.done(lines.join('\n'), this.silent.size === 0 && ![...this.known.values()].some((one) => one.wakes))
  }

  private draw(root: Branch): string[] {
    const lines: string[] = []
    const left = [{ shown: root, first: '', rest: '' }]
    for (let one = left.pop(); one !== undefined; one = left.pop()) {
      const { first, rest } = one
      const { id, name, domain, doing } = (one.shown.remote && this.known.get(one.shown.id)) || one.shown
      lines.push(`${first}${id}${name === '' ? '' : ` ${name}`}, domain ${domain}: ${doing}`)
      const children = this.children.get(id) ?? []
      const inner = rest.length < DEEPEST
      for (let i = children.length - 1; i >= 0; i--) {
        const last = i === children.length - 1
        left.push({
          shown: children[i]!,
          first: `${rest}${last ? '└─ ' : '├─ '}`,
          rest: inner ? `${rest}${last ? '   ' : '│  '}` : rest,
        })
      }
    }
    return lines
  }
}

let last = 0
/** The inquiries under way, by number. */
const inquiries = new Map<number, Inquiry>()

onMessage(TREE, (message) => {
  const run = runs.get(message.int())
  const number = message.int()
  // As text: 20 000 tasks would take longer to clone than anybody waits for them.
  const text = JSON.stringify(run === undefined ? [] : branches(run))
  const prepared = prepare(text, message.from, cargoOf('a task tree'))
  begin(BRANCH)
  putInt(number)
  put(prepared)
  send(message.from)
})

onMessage(BRANCH, (message) => {
  const inquiry = inquiries.get(message.int())
  const list = JSON.parse(message.value() as string) as Branch[]
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
