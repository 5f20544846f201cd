// A worker by hand: it talks over the port that it is given, in the way that it is told.

import { receiveMessageOnPort, workerData } from 'node:worker_threads'
import { hashFolder } from '../folder.mjs'

const { port, way, count } = workerData

if (way === 'echo') port.on('message', (value) => port.postMessage(value))

if (way === 'hash') port.on('message', (folder) => port.postMessage(hashFolder(folder)))

// Awake: it looks without sleeping, until it is told to stop.
if (way === 'spin') {
  for (;;) {
    const received = receiveMessageOnPort(port)
    if (received?.message === 'stop') break
    if (received) port.postMessage(received.message)
  }
}

if (way === 'produce') {
  for (let i = 0; i < count; i++) port.postMessage(i)
}

// `count` times a lock that the whole process shares, once it is told to begin. A listener that stays keeps the worker
// alive: a lock that is waited for does not.
if (way === 'lock') {
  port.on('message', async () => {
    for (let i = 0; i < count; i++) await navigator.locks.request('bench', () => {})
    port.postMessage('done')
  })
}
