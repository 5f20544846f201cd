import * as Miou from 'miou'

/** Shared words, all 0. */
export function words(count: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(count * 4))
}

/** Yields until word `at` is `value` at least. */
export function* reaches(shared: Int32Array, at: number, value = 1): Generator<Miou.Suspension, void> {
  while (Atomics.load(shared, at) < value) yield* Miou.yield()
}

/** Yields until something holds. */
export function* until(holds: () => boolean): Generator<Miou.Suspension, void> {
  while (!holds()) yield* Miou.yield()
}

/** Yields for ever. */
export function* forever(): Generator<Miou.Suspension, never> {
  for (;;) yield* Miou.yield()
}

/** Waits for ever, for nothing. */
export function* never(): Generator<Miou.Suspension, never> {
  yield* Miou.suspend(Miou.syscall('never'))
  throw new Error('nobody signals it')
}

/** Waits for a promise, as a program without `until` would. */
export function* promised<T>(promise: PromiseLike<T>): Generator<Miou.Suspension, T> {
  const settled = Miou.syscall('promise')
  let result: Miou.Result<T> | undefined
  const settle = (now: Miou.Result<T>): void => {
    result = now
    Miou.signal(settled)
  }
  promise.then(
    (value) => settle({ ok: true, value }),
    (error) => settle({ ok: false, error }),
  )
  yield* Miou.suspend(settled)
  if (!result!.ok) throw result!.error
  return result!.value
}
