import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isMainThread } from 'node:worker_threads'
import { InvalidArgument } from './errors.js'
import { log } from './log.js'
import type { Meta } from './portable.js'
import { runs } from './remote.js'
import { type RunOptions, run } from './run.js'
import type { Body } from './task.js'
import { drawTree } from './tree.js'

/**
 * `run`, where the module is the program's entry, on domain 0; elsewhere nothing: a program of one file can hold its
 * portable functions too. Where main fails, the error is printed and the process exits with code 1. SIGUSR2 prints the task
 * tree to standard error.
 *
 * @param meta `import.meta`.
 * @example
 * await Miou.main(import.meta, function* () { yield* Miou.call(work, []) })
 */
export async function main(meta: Meta, body: Body<unknown>, options?: RunOptions): Promise<void> {
  if (typeof meta?.url !== 'string')
    throw new InvalidArgument('main takes import.meta, and a function* that is the body of the main task')
  if (!isEntry(meta)) return
  process.on('SIGUSR2', showTrees)
  try {
    await run(body, options)
  } catch (error) {
    process.exitCode = 1
    log('main failed', error)
  } finally {
    process.off('SIGUSR2', showTrees)
  }
}

/** Prints the task trees of the program to standard error. */
function showTrees(): void {
  for (const run of runs.values()) if (run.domain === 0) drawTree(run, (text) => process.stderr.write(`${text}\n`))
}

/** Whether a module is what the process was started with. */
function isEntry({ url }: Meta): boolean {
  const entry = process.argv[1]
  if (!isMainThread || entry === undefined || !url.startsWith('file:')) return false
  const path = fileURLToPath(url)
  return [entry, `${entry}.js`, `${entry}.mjs`, `${entry}/index.js`].some((candidate) => {
    try {
      return realpathSync(candidate) === realpathSync(path)
    } catch {
      return false
    }
  })
}
