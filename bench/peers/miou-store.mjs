// The echo of miou.mjs inside an AsyncLocalStorage: what keeping the async context costs.
//
//   node miou-store.mjs 7000
import { AsyncLocalStorage } from 'node:async_hooks'
import * as Miou from '../../dist/index.js'
import { local } from './miou.mjs'

const storage = new AsyncLocalStorage()
const port = Number(process.argv[2] ?? 0)
await storage.run({ request: 1 }, () => Miou.run(() => local(port, 0), { domains: 0, asyncContext: true }))
