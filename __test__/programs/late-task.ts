import * as Miou from 'miou'

/* A task that waits for the source of `late-source.ts`, which it does not import. */

/** Those that the source ends when it is asked. */
export const syscalls: Miou.Syscall[] = []

const waits = Miou.Trigger.create()

/** Resolves when a task of this domain has begun to wait. */
export function arrived(): Promise<void> {
  return new Promise((resolve) => {
    if (!Miou.Trigger.onSignal(waits, resolve)) resolve()
  })
}

/** Waits for the source, and says that it was asked. */
export const waitsForSource = Miou.portable(import.meta, function* waitsForSource() {
  const syscall = Miou.syscall('late')
  syscalls.push(syscall)
  yield* Miou.suspend(syscall, () => Miou.Trigger.signal(waits))
  return 'asked'
})

/** Has its module be there. */
export const loadsTask = Miou.portable(import.meta, function* loadsTask() {})
