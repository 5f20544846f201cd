import { parentPort } from 'node:worker_threads'
import * as Miou from 'miou'

/*
 * A module that posts to whoever has started its thread, and listens there for a while, as one does that is also the file of
 * a worker of the user's.
 */

for (const message of [1, 2, 'ready', { place: 1 }, null, undefined]) parentPort?.postMessage(message)

const ignore = (): void => {}
parentPort?.on('message', ignore)
parentPort?.off('message', ignore)

/** Returns what it was given. */
export const posted = Miou.portable(import.meta, function* posted(given: number) {
  return given
})
