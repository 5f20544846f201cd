import { setTimeout } from 'node:timers/promises'
import type * as Miou from '../index.js'
import * as Unix from '../unix.js'

/** Milliseconds in which a signal counts once: ^C at a terminal reaches the program, and then again through npm. */
const SAME = 100

/** When the first signal came, in ms. */
let first: number | undefined

/** Begins a task with SIGINT or SIGTERM; the next one ends the process at once, as the shell counts an interrupt: with 130. */
export function onInterrupt(begin: () => Miou.Operation<void>): void {
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    Unix.sysSignal(name, () => {
      const now = performance.now()
      if (first !== undefined && now - first > SAME) process.exit(130)
      if (first !== undefined) return
      first = now
      return begin()
    })
    // Kept when the run is over.
    process.on(name, () => {})
  }
}

/** Waits until a signal that came has come for good: while Node ends, nothing but the system's default is left for it. */
export async function interrupted(): Promise<void> {
  if (first !== undefined) await setTimeout(Math.max(0, first + SAME - performance.now()))
}
