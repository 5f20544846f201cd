import type { TaskRecord } from './task.js'
export function sendCancel(_task: TaskRecord, _cause: unknown): void {}
export function sendEnd(_task: TaskRecord): void {}
