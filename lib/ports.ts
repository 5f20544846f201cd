import type { MessagePort } from 'node:worker_threads'

/** The ports to the other domains, by place. */
const ports = new Map<number, MessagePort>()

/** Introduces the domain at place `at`: what is posted on `port` comes to it. */
export function introduce(at: number, port: MessagePort): void {
  port.unref()
  ports.set(at, port)
}

/** The port to the domain at place `at`; undefined where that is gone. */
export function portTo(at: number): MessagePort | undefined {
  return ports.get(at)
}

/** The domain at place `at` is gone. */
export function forgetPort(at: number): void {
  ports.get(at)?.close()
  ports.delete(at)
}
