import './scheduler.js'
import { rust } from './domain-thread.js'
import { RunRecord } from './run-record.js'
import { ready } from './ready.js'
import { type Body, TaskRecord, resultOf } from './task.js'
export interface RunOptions { domains?: number; seed?: number; quanta?: number }
export function run<T>(main: Body<T>, options: RunOptions = {}): Promise<T> {
  return new Promise((resolve, reject) => {
    rust().keepAlive(true)
    const record = new RunRecord(1, 0, options.quanta ?? 64, new Int32Array(new SharedArrayBuffer(64)), [], (task) => {
      rust().keepAlive(false)
      const r = resultOf(task)
      if (record.fatal !== undefined) reject(record.fatal)
      else if (r.ok) resolve(r.value as T)
      else reject(r.error)
    }, () => {})
    const task = new TaskRecord(record.nextId(), record, null, main, 1)
    record.roots.add(task)
    ready(task)
  })
}
