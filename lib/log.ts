import { inspected } from './shown.js'

/** Whether MIOU_DEBUG is set: creation sites, stacks of cancellers, and what keeps a run waiting. */
export function debugging(): boolean {
  return DEBUG
}

const DEBUG = process.env.MIOU_DEBUG !== undefined && process.env.MIOU_DEBUG !== ''

/** Says on standard error what went wrong where no task can be told. */
export function log(message: string, error?: unknown): void {
  process.stderr.write(`miou: ${message}${error === undefined ? '' : `: ${inspected(error)}`}\n`)
}
