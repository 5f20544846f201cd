import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { rust } from '../../dist/domain-thread.js'

setFlagsFromString('--expose-gc')

/** Collects the garbage of this thread. */
export const garbage = runInNewContext('gc') as () => void

/** Waits until there are at most `count` shared objects, collecting garbage meanwhile. Says how many there are. */
export async function collected(count: number): Promise<number> {
  for (let i = 0; i < 50 && rust().objects() > count; i++) {
    garbage()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
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
