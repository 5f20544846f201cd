import { spawnSync } from 'node:child_process'
import type { ExecutionContext } from 'ava'
import { test } from './case.js'

/** Whether a program is on the PATH. */
function here(name: string): boolean {
  return spawnSync('/bin/sh', ['-c', `command -v ${name}`]).status === 0
}

/** A test case that uses programs of the system. It says so and ends where one is missing; `.ci/run` installs them. */
export function testWith(tools: string[], title: string, body: (t: ExecutionContext) => Promise<void> | void): void {
  test(title, async (t) => {
    const missing = tools.filter((name) => !here(name))
    if (missing.length > 0) {
      t.log(`skipped: ${missing.join(' and ')} not installed`)
      t.pass()
      return
    }
    await body(t)
  })
}
