import * as Miou from 'miou'

/* A reporter whose module no domain has loaded before. */

/** What it was told of. */
export const told = Miou.Queue.create<Miou.TraceEvent>('reporting: told')

/** Puts an event there. */
export const tells = Miou.portable(import.meta, function tells(event: Miou.TraceEvent): void {
  Miou.Queue.enqueue(told, event)
})
