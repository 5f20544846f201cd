import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { fileURLToPath } from 'node:url'

// Two threads of the user's own, each with a copy of the package.
if (isMainThread) {
  const file = fileURLToPath(import.meta.url)
  const folders = [fileURLToPath(new URL('node_modules/miou', import.meta.url)), process.env.SECOND_COPY]
  const answers = folders.map((folder) => {
    const worker = new Worker(file, { workerData: { folder } })
    return new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
  })
  console.log(JSON.stringify(await Promise.all(answers)))
} else {
  // A domain that this thread has started imports this file too, to find the function: it has the thread's environment.
  const { folder } = workerData
  if (folder !== undefined) process.env.OWN_COPY = folder
  const Miou = await import(`${process.env.OWN_COPY}/dist/index.js`)
  const Unix = await import(`${process.env.OWN_COPY}/dist/unix.js`)
  const square = Miou.portable(import.meta, function* square(x) {
    yield* Unix.sleep(1)
    return x * x
  })
  const main = () => Miou.awaitExn(Miou.call(square, [3]))
  if (folder !== undefined) parentPort.postMessage(await Miou.run(main, { domains: 1 }))
}
