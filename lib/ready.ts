import { READY, type TaskRecord, URGENT } from './task.js'

/** First in, first out; a ring that grows. */
export class TaskQueue {
  private tasks: (TaskRecord | null)[] = new Array(64).fill(null)
  private head = 0
  length = 0

  push(task: TaskRecord): void {
    const tasks = this.tasks
    if (this.length === tasks.length) this.grow()
    this.tasks[(this.head + this.length) & (this.tasks.length - 1)] = task
    this.length++
  }

  /** The oldest. Ask for `length` first. */
  shift(): TaskRecord {
    const task = this.tasks[this.head]!
    this.tasks[this.head] = null
    this.head = (this.head + 1) & (this.tasks.length - 1)
    this.length--
    return task
  }

  private grow(): void {
    const tasks = this.tasks
    const size = tasks.length
    const grown: (TaskRecord | null)[] = new Array(size * 2).fill(null)
    for (let i = 0; i < size; i++) grown[i] = tasks[(this.head + i) & (size - 1)]!
    this.tasks = grown
    this.head = 0
  }
}

/** Tasks that run next. */
export const normal = new TaskQueue()
/** Tasks that unwind: they go before all others. */
export const urgent = new TaskQueue()

let notify: () => void = () => {}

/** Says what is called when a task becomes ready. */
export function onReady(callback: () => void): void {
  notify = callback
}

/** Puts a task behind those that run next. */
export function ready(task: TaskRecord): void {
  if (task.flags & (READY | URGENT)) return
  task.flags |= READY
  normal.push(task)
  notify()
}

/** Puts a task behind those that unwind. One that was ready stays in the other queue in vain. */
export function hurry(task: TaskRecord): void {
  if (task.flags & URGENT) return
  task.flags |= URGENT
  urgent.push(task)
  notify()
}

/** Whether no task can run. */
export function idle(): boolean {
  return normal.length === 0 && urgent.length === 0
}

/** Has the scheduler run soon, though no task is ready. */
export function schedule(): void {
  notify()
}
