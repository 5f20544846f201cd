import * as Miou from 'miou'

/* Sources of events. Each domain makes its own; those of `sleeperSource` have one clock, which counts rounds in which nobody was due. */

const { meta } = { meta: import.meta }

interface Sleeper {
  deadline: number
  syscall: Miou.Syscall
}

const sleepers = new Set<Sleeper>()
// One word for the process: found by whoever imports this module through the environment data of its thread.
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads'

const KEY = '__test__ clock'
const inherited = getEnvironmentData(KEY)
const memory = inherited instanceof SharedArrayBuffer ? inherited : new SharedArrayBuffer(4)
if (memory !== inherited) setEnvironmentData(KEY, memory)
const ticks = new Int32Array(memory)

/** The clock that all domains share. */
export const clock = {
  now: () => Atomics.load(ticks, 0),
  reset() {
    sleepers.clear()
    Atomics.store(ticks, 0, 0)
  },
}

/** Waits for that many ticks. */
export function* sleepFor(n: number): Generator<Miou.Suspension, void> {
  const syscall = Miou.syscall('sleepFor')
  const sleeper = { deadline: clock.now() + n, syscall }
  try {
    yield* Miou.suspend(syscall, () => sleepers.add(sleeper))
  } finally {
    sleepers.delete(sleeper)
  }
}

export const tick = Miou.portable(meta, sleepFor, 'tick')

export const sleeperSource = Miou.portable(meta, function sleeperSource(): Miou.EventSource {
  return {
    select() {
      const due = [...sleepers].filter(({ deadline }) => deadline <= clock.now())
      if (due.length === 0 && sleepers.size > 0) Atomics.add(ticks, 0, 1)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2)
      return due.map(({ syscall }) => syscall)
    },
  }
})

export const silentSource = Miou.portable(meta, function silentSource(): Miou.EventSource {
  return { select: () => [] }
})

export const blockingSource = Miou.portable(meta, function blockingSource(): Miou.EventSource {
  const interrupt = new Int32Array(new SharedArrayBuffer(4))
  return {
    interrupt,
    select(block, _cancelled, timeout) {
      if (block) Atomics.wait(interrupt, 0, 0, Math.min(timeout, 1000))
      Atomics.store(interrupt, 0, 0)
      return []
    },
  }
})

export const brokenSource = Miou.portable(meta, function brokenSource(domain: number): Miou.EventSource {
  if (domain !== 0) throw new RangeError(`no source on domain ${domain}`)
  return { select: () => [] }
})

/** Throws at its end, on every domain. */
export const endsBadly = Miou.portable(meta, function endsBadly(): Miou.EventSource {
  return {
    select: () => [],
    finalise() {
      throw new RangeError('at the end')
    },
  }
})
