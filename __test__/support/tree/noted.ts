import * as Miou from 'miou'
import { began, left, type Shared } from './ledger.js'

export type Steps<T> = Generator<Miou.Suspension, T>

/** Runs the body of the task that has the number `task`, and notes that it begins and ends. */
export function* noted<T>(shared: Shared, task: number, body: Miou.Body<T>): Steps<T> {
  began(shared, task)
  try {
    return yield* body()
  } finally {
    left(shared, task)
  }
}

/** Lets others run so often. */
export function* turns(count: number): Steps<void> {
  for (let i = 0; i < count; i++) yield* Miou.yield()
}
