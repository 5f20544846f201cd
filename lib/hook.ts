import { InvalidArgument } from './errors.js'
import { staysAtHome } from './handle.js'
import { here } from './here.js'
import { log } from './log.js'
import { isPlain } from './plain.js'
import type { RunRecord } from './run-record.js'

/** A function that runs before each slice of this domain. Made by `Hook.add`. */
export class Hook {
  /** Tells it from other types, for the compiler only. */
  declare protected readonly kind: 'hook'
  /** @internal */
  constructor(
    /** @internal */
    readonly fn: () => void,
    /** @internal The run whose task added it; undefined where no task did. */
    readonly run: RunRecord | undefined,
  ) {}
}

staysAtHome(Hook, 'hook', 'it belongs to the domain that added it')

let hooks: Hook[] = []

/** Whether this domain has hooks. */
export function hooked(): boolean {
  return hooks.length > 0
}

/** Runs the hooks, the newest first. One that throws is logged and removed. */
export function runHooks(): void {
  const all = hooks
  for (let i = all.length - 1; i >= 0; i--) {
    try {
      all[i]!.fn()
    } catch (error) {
      log('a hook threw and was removed', error)
      remove(all[i]!)
    }
  }
}

/**
 * Has `fn` run at every step of this domain's scheduler, before each slice of any task, outside of tasks: it is a plain
 * function and can not perform operations. One that throws is logged and removed. One that a task adds goes with its run,
 * since domains stay warm for the next one.
 *
 * @example
 * const hook = Hook.add(() => slices++)
 * Hook.remove(hook)
 */
export function add(fn: () => void): Hook {
  if (!isPlain(fn)) throw new InvalidArgument('Hook.add takes a function, no function*')
  const hook = new Hook(fn, here.current?.run)
  hooks = [...hooks, hook]
  return hook
}

/**
 * Removes a hook of this domain; nothing happens where it is gone already.
 *
 * @throws `InvalidArgument` for what is no hook of this domain.
 * @example
 * const hook = Hook.add(() => slices++)
 * Hook.remove(hook)
 */
export function remove(hook: Hook): void {
  if (!(hook instanceof Hook))
    throw new InvalidArgument('Hook.remove takes a Hook of this domain, as Hook.add returns it')
  hooks = hooks.filter((other) => other !== hook)
}

/** A run ends on this domain: the hooks that its tasks added end with it. */
export function removeHooksOf(run: RunRecord): void {
  hooks = hooks.filter((hook) => hook.run !== run)
}
