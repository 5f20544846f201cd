import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { rust } from '../../dist/domain-thread.js'

setFlagsFromString('--expose-gc')

/** Collects the garbage of this thread. */
export const garbage = runInNewContext('gc') as () => void

/** Collects garbage until something holds, for a second at the least. Whether it does. */
export async function collecting(holds: () => boolean): Promise<boolean> {
  for (let i = 0; i < 200 && !holds(); i++) {
    garbage()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return holds()
}

/**
 * Collects garbage until there are at most `count` shared objects. Says how many there are. They are those of all domains,
 * and of the tests before: others than the test's own may go at any time, so that it looks for many, and not for a number.
 */
export async function collected(count: number): Promise<number> {
  await collecting(() => rust().objects() <= count)
  return rust().objects()
}

/** Collects garbage until that frees no more shared objects. Says how many there are. */
export async function leastObjects(): Promise<number> {
  let last = -1
  for (let same = 0; same < 4; same = rust().objects() === last ? same + 1 : 0) {
    last = rust().objects()
    garbage()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return last
}

/** How many shared objects there are. */
export function objects(): number {
  return rust().objects()
}
