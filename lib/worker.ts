import { parentPort, workerData } from 'node:worker_threads'
import './index.js'
import './unix.js'
import { place, rust } from './domain-thread.js'
import { becomeDomain } from './members.js'
import type { Introduction } from './pool.js'
import { introduce } from './ports.js'
import { schedule } from './ready.js'
import { LONGEST } from './timers.js'

/* What the thread of a domain runs: it introduces itself and waits for its first run. */

introduce(workerData.owner, workerData.port)
// Its own runs, if its tasks begin any, keep the loop alive and let it go again; this thread lives on. Not by the port to its
// parent: a module of the user's that listens there for a while lets that go.
setInterval(() => {}, LONGEST)
rust()
becomeDomain(place())
// The first turn declares it asleep: until then nobody would wake it.
schedule()
parentPort?.postMessage({ miouDomain: place() } satisfies Introduction)
