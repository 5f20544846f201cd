import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isMainThread, threadId } from 'node:worker_threads'
import * as Unix from 'miou/unix'
import { sockets } from '../machine.js'
import type { Steps } from './noted.js'

const { Ownership } = Unix
let last = 0

/** Where the sockets of this process are: a domain that dies does not take the names of its own back. */
const folder = join(sockets, `miou-tree-${process.pid}`)
if (isMainThread) process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

/** A listening socket that the current task owns, and what takes its name back. */
export function listening(): { listener: Unix.FileDescr; path: string; forget(): void } {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `${threadId}-${++last}`)
  const listener = Ownership.unixSocket()
  Ownership.bindAndListen(listener, { path })
  return { listener, path, forget: () => rmSync(path, { force: true }) }
}

/** Two sockets that are connected with each other; the current task owns both. */
export function* pair(): Steps<[Unix.FileDescr, Unix.FileDescr]> {
  const { listener, path, forget } = listening()
  try {
    const one = Ownership.unixSocket()
    yield* Ownership.connect(one, { path })
    const [other] = yield* Ownership.accept(listener)
    Ownership.close(listener)
    return [one, other]
  } finally {
    forget()
  }
}
