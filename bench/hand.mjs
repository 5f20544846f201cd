// Workers by hand: what a program does with node:worker_threads and nothing else.

import { once } from 'node:events'
import { MessageChannel, Worker } from 'node:worker_threads'

const program = new URL('workers/port.mjs', import.meta.url)

/**
 * Starts a worker that talks over a port of its own (workers/port.mjs), and ends it after `use`.
 * @template T
 * @param {object} data `way`, and what that way needs
 * @param {(port: import('node:worker_threads').MessagePort) => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function withWorker(data, use) {
  const { port1, port2 } = new MessageChannel()
  const worker = new Worker(program, { workerData: { ...data, port: port2 }, transferList: [port2] })
  await once(worker, 'online')
  try {
    return await use(port1)
  } finally {
    port1.close()
    await worker.terminate()
  }
}

/** Sends a value and waits for the answer. */
export function ask(port, value) {
  return new Promise((resolve) => {
    port.once('message', resolve)
    port.postMessage(value)
  })
}
