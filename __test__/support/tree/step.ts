/*
 * What the tasks of a random tree do. A tree is plain data, so that it crosses to other domains.
 */

/** What a task does, and how it settles its children when it comes to its end. */
export interface Node {
  steps: Step[]
  settle: 'await' | 'cancel' | 'first'
}

/** On which domain a child runs: on that of its parent, or on another one. */
export type Where = 'async' | 'call'

/** Numbers of children and resources are taken modulo how many there are. */
export type Step = Plain | Spawning | Synchronising | Block | Hang | Wire | Door | Ending

/** Steps that say all by their name. */
export interface Plain {
  op:
    | 'yield'
    | 'own'
    | 'socket'
    | 'release'
    | 'disown'
    | 'transfer'
    // With the collector of the task.
    | 'get'
    | 'drain'
    | 'care'
    | 'take'
    | 'awaitAll'
    // With what is shared.
    | 'enqueue'
    | 'dequeue'
    | 'force'
}

/** Children that run a tree of their own. */
export type Spawning =
  | { op: 'spawn'; where: Where; node: Node; give: boolean; collect: boolean }
  | { op: 'timeout'; ms: number; node: Node }
  | { op: 'parallel'; node: Node; count: number }
  | { op: 'await' | 'awaitExn' | 'cancel'; child: number }
  | { op: 'awaitOne' | 'awaitFirst'; children: number[] }

/** Time, mutexes and conditions. */
export type Synchronising =
  | { op: 'sleep'; ms: number }
  | { op: 'signal'; condition: number; all: boolean }
  /** Waits on a condition, for so long. */
  | { op: 'waitOr'; mutex: number; condition: number; ms: number }
  /** Completes a computation after some turns, unless somebody else does. */
  | { op: 'complete'; cell: number; turns: number }
  | { op: 'lock'; mutex: number; style: 'using' | 'protect' | 'unlock'; steps: Step[] }

/** Steps around others. */
export type Block =
  | { op: 'try' | 'shield'; steps: Step[] }
  | { op: 'finally'; steps: Step[]; cleanup: Step[] }
  | { op: 'fail'; id: number }

/** A child that does what `node` says and then waits for ever; it loses a race, or is cancelled, after some turns. */
export interface Hang {
  op: 'hang'
  where: Where
  node: Node
  how: 'condition' | 'suspend' | 'sleep' | 'spin' | 'mutex' | 'read' | 'accept'
  turns: number
  race: boolean
}

/** A pair of sockets: a child gets one end and writes, the task reads at the other end what comes. */
export interface Wire {
  op: 'wire'
  where: Where
  /** Lengths of what is written, and how many turns pass before each. */
  writes: { length: number; turns: number }[]
  /** How the bytes are read, over and over until they end. */
  reads: Reading[]
}

/** One way to read, of at most `length` bytes. */
export interface Reading {
  /**
   * `read` and `view`: by that operation; `timeout`: with a limit of `turns` ms; `race`: against a task that yields
   * so often; `twins`: by two tasks at once, which are cancelled after so many turns; `pass`: by a child, which is given
   * the descriptor and transfers it back.
   */
  how: 'read' | 'view' | 'timeout' | 'race' | 'twins' | 'pass'
  length: number
  turns: number
}

/** A listener to which so many clients connect, and how they are accepted, the rest plainly. */
export interface Door {
  op: 'door'
  clients: number
  accepts: { how: 'accept' | 'timeout' | 'race'; turns: number }[]
}

/** What ends a run, or a domain. */
export type Ending = { op: 'break'; rule: 'children' | 'resource' | 'foreign' } | { op: 'die'; how: 'exit' | 'throw' }
