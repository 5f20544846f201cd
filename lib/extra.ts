import type { Mutex } from './mutex.js'
import type { TaskRecord } from './task.js'

/** What only some tasks have. */
export interface Extra {
  /** The domain of a task that runs elsewhere. */
  domain: number
  /** Its place in the world. */
  place: number
  /** The places of the domains that its ancestors run on, where its parent is on another one. */
  path: number[] | undefined
  /** The name that it was given. */
  name: string | undefined
  /** Id as the owner of mutexes; 0 while it never locked one. */
  owner: number
  /** A mutex that it holds. */
  mutex: Mutex | null
  /** Others that it holds. */
  mutexes: Mutex[] | undefined
  /** How often `Cancelled` was thrown again. */
  rethrown: number
  /** Where it was created, with MIOU_DEBUG. */
  created: string | undefined
  /** The waits on conditions that were cancelled: their mutexes count as unlocked. */
  lost: Set<object> | undefined
  /** What gives up what it owes to others, see at-end.ts. */
  atEnd: Set<() => void> | undefined
  /** What closes what is in its value at the end of its parent, where nobody has read it: it is a loser of `awaitFirst`. */
  unread: (() => void) | undefined
  /** Of its abort signal. */
  controller: AbortController | undefined
  /** What runs its slices in the async context of its creator. */
  context: ((slice: (task: TaskRecord) => void, task: TaskRecord) => void) | undefined
}

/** The extras of a task, made where it has none yet. */
export function extra(task: TaskRecord): Extra {
  task.extra ??= {
    domain: 0,
    place: 0,
    path: undefined,
    name: undefined,
    owner: 0,
    mutex: null,
    mutexes: undefined,
    rethrown: 0,
    created: undefined,
    lost: undefined,
    atEnd: undefined,
    unread: undefined,
    controller: undefined,
    context: undefined,
  }
  return task.extra
}
