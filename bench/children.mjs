// The processes that the benchmark has started: one that is interrupted leaves none behind.

const running = new Set()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/**
 * Has a process end when this one exits.
 * @template {import('node:child_process').ChildProcess} T
 * @param {T} child
 * @returns {T} the same
 */
export function tied(child) {
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}
