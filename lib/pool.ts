import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { place } from './domain-thread.js'
import { DomainDied } from './errors.js'
import { domainGone, forgetDomain } from './lost.js'
import { onMessage, PORT } from './mail.js'
import { cargoOf } from './cargo.js'
import { begin, put, putInt, send } from './message.js'
import { introduce } from './ports.js'
import { prepare } from './prepared.js'
import { native } from './native.js'
import { shown } from './shown.js'

/** A domain that this thread has started. */
export class Thread {
  private dead: DomainDied | undefined
  private listener: ((reason: DomainDied) => void) | undefined

  constructor(
    readonly worker: Worker,
    /** Its place in the world. */
    readonly place: number,
  ) {}

  /** Called when it has ended, with the reason; soon where it has ended already, between two runs. */
  set onDeath(listener: ((reason: DomainDied) => void) | undefined) {
    this.listener = listener
    const { dead } = this
    if (dead !== undefined && listener !== undefined) queueMicrotask(() => listener(dead))
  }

  /** It has ended. */
  died(reason: DomainDied): void {
    this.dead = reason
    this.listener?.(reason)
  }
}

const alive = new Set<Thread>()
const warm: Thread[] = []

/**
 * Takes `count` domains for a run: warm ones first, then new ones. Resolves when all of them are up. Runs of as many domains,
 * one after the other, have the same ones in the same order: the same seed makes the same choices.
 */
export async function takeThreads(count: number): Promise<Thread[]> {
  warm.sort(byPlace)
  const taken = warm.splice(0, count)
  const fresh = await Promise.allSettled(Array.from({ length: count - taken.length }, start))
  const failed = fresh.find((outcome) => outcome.status === 'rejected')
  for (const outcome of fresh) if (outcome.status === 'fulfilled') taken.push(outcome.value)
  if (failed !== undefined) {
    for (const thread of taken) giveBack(thread)
    throw (failed as PromiseRejectedResult).reason
  }
  return taken.sort(byPlace)
}

function byPlace(a: Thread, b: Thread): number {
  return a.place - b.place
}

/** The run that had it has ended: the domain stays warm for the next one. It does not keep the process alive. */
export function giveBack(thread: Thread): void {
  thread.onDeath = undefined
  if (alive.has(thread)) warm.push(thread)
}

/** Starts a domain. */
function start(): Promise<Thread> {
  const { port1, port2 } = new MessageChannel()
  const entry = new URL('./worker.js', import.meta.url)
  const worker = new Worker(refusesFiles() ? `import(${JSON.stringify(entry.href)})` : entry, {
    eval: refusesFiles(),
    workerData: { port: port2, owner: place() },
    transferList: [port2],
    name: 'miou domain',
  } as ConstructorParameters<typeof Worker>[1])
  let failure: unknown
  return new Promise((resolve, reject) => {
    let thread: Thread | undefined
    worker.on('error', (error) => {
      failure = error
    })
    worker.on('message', (message: unknown) => {
      const at = thread === undefined ? placeIn(message) : undefined
      // A module of the user's may post to whoever has started its thread.
      if (at === undefined) return
      thread = new Thread(worker, at)
      introduce(at, port1)
      acquaint(thread)
      alive.add(thread)
      resolve(thread)
    })
    worker.on('exit', (code) => {
      const why =
        failure === undefined
          ? `it ended with code ${code}`
          : `an error ended it: ${failure instanceof Error ? String(failure) : shown(failure)}`
      const descriptors = thread === undefined ? 0 : native.left(thread.place)
      const reason = new DomainDied(
        `${thread === undefined ? 'a domain' : `domain ${thread.place}`} died: ${why}${closedWith(descriptors)}`,
        failure === undefined ? undefined : { cause: failure },
      )
      reason.descriptors = descriptors
      if (thread === undefined) return reject(reason)
      alive.delete(thread)
      const at = warm.indexOf(thread)
      if (at >= 0) warm.splice(at, 1)
      thread.died(reason)
      domainGone(thread.place)
    })
    // Last: a listener of 'message' has it keep the process alive again.
    worker.unref()
  })
}

/** What a domain posts once, to the thread that has started it: its place. */
export interface Introduction {
  miouDomain: number
}

function placeIn(message: unknown): number | undefined {
  return (message as Partial<Introduction> | null | undefined)?.miouDomain
}

function closedWith(descriptors: number): string {
  if (descriptors === 0) return ''
  return descriptors === 1 ? '; a descriptor of it was closed' : `; ${descriptors} descriptors of it were closed`
}

/** Whether the program came as text: a thread inherits `--input-type`, with which it takes no file either, but text. */
function refusesFiles(): boolean {
  return [...process.execArgv, process.env.NODE_OPTIONS ?? ''].some((option) => option.includes('--input-type'))
}

/** Gives a new domain and each of the others a port to each other. */
function acquaint(thread: Thread): void {
  for (const other of alive) {
    const { port1, port2 } = new MessageChannel()
    sendPort(other.place, thread.place, port1)
    sendPort(thread.place, other.place, port2)
  }
}

/** Introduces the domain at place `of` to the one at `to`, which may have known another there. */
export function sendPort(to: number, of: number, port: MessagePort): void {
  const prepared = prepare({ port }, to, cargoOf('a port'), [port])
  begin(PORT)
  putInt(of)
  put(prepared)
  send(to)
}

onMessage(PORT, (message) => {
  const of = message.int()
  // Who was there before may have died in a run that this domain had no part in.
  forgetDomain(of)
  introduce(of, (message.value() as { port: MessagePort }).port)
})
