import type { TaskRecord } from './task.js'

/** The next number of a task's own sequence, from 0 to 2^32 - 1 (Mulberry32). */
function next(task: TaskRecord): number {
  task.seed = (task.seed + 0x6d2b79f5) | 0
  let t = Math.imul(task.seed ^ (task.seed >>> 15), 1 | task.seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return (t ^ (t >>> 14)) >>> 0
}

/** A choice from 0 to `count` - 1. It follows from the seed of the run and the task's place in the tree. */
export function choose(task: TaskRecord, count: number): number {
  return count < 2 ? 0 : next(task) % count
}

/** The seed of a new child: the parent's next number, so that the same tree makes the same choices. */
export function childSeed(parent: TaskRecord): number {
  parent.seed = (parent.seed + 0x6d2b79f5) | 0
  return Math.imul(parent.seed ^ (parent.seed >>> 16), 0x45d9f3b) | 0
}
