import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ExecutionContext } from 'ava'

/** How a process ended, and all that it wrote. */
export interface Ended {
  /** Null where a signal ended it. */
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

/** A process under test. It is killed where its test case ends before it does. */
export class Process {
  stdout = ''
  stderr = ''
  readonly child: ChildProcess
  /** Resolves when it is over. */
  readonly ended: Promise<Ended>

  constructor(
    t: ExecutionContext,
    command: string,
    args: string[],
    env: NodeJS.ProcessEnv = {},
    stdio: StdioOptions = 'pipe',
  ) {
    this.child = spawn(command, args, { stdio, env: { ...process.env, ...env } })
    t.teardown(() => this.child.kill('SIGKILL'))
    const { stdout, stderr } = this.child
    stdout!.setEncoding('utf8').on('data', (text) => {
      this.stdout += text
    })
    stderr!.setEncoding('utf8').on('data', (text) => {
      this.stderr += text
    })
    this.ended = once(this.child, 'close').then(([code, signal]) => {
      return { code, signal, stdout: this.stdout, stderr: this.stderr }
    })
  }

  get pid(): number {
    return this.child.pid!
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  /** Line number `index` of its standard output, when it is there. */
  async line(index: number): Promise<string> {
    let over = false
    void this.ended.then(() => {
      over = true
    })
    for (;;) {
      const lines = this.stdout.split('\n')
      if (lines.length > index + 1) return lines[index]!
      if (over) throw new Error(`it ended before line ${index}: ${this.stdout}${this.stderr}`)
      await Promise.race([once(this.child.stdout!, 'data'), this.ended])
    }
  }
}

/** The path of a built file, seen from the root of the checkout. */
export function built(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url))
}

/** Runs a test program of `__test__/programs`. */
export function program(t: ExecutionContext, name: string, args: string[] = [], node = process.execPath): Process {
  return new Process(t, node, [built(`dist-test/programs/${name}.js`), ...args])
}

/** Runs `miou` with these arguments. */
export function miou(t: ExecutionContext, args: string[], node = process.execPath): Process {
  return new Process(t, node, [built('dist/program.js'), ...args])
}
