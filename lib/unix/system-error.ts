import { getSystemErrorName } from 'node:util'
import { Closed } from '../errors.js'
import { CLOSED } from '../ring.js'
import type { Address } from './address.js'

/** An error of the operating system, in Node's own shape. */
export interface SystemError extends Error {
  /** `ECONNRESET`, say. */
  code: string
  /** Negative, as libuv has it. */
  errno: number
  /** The call that failed. */
  syscall: string
  address?: string
  port?: number
  path?: string
}

/** The error for a result below zero. */
export function systemError(result: number, syscall: string, address?: Address): Error {
  if (result === CLOSED) return closed(syscall)
  const code = getSystemErrorName(result)
  const where = address === undefined ? '' : 'path' in address ? ` ${address.path}` : ` ${address.host}:${address.port}`
  const error = new Error(`${syscall} ${code}${where}`) as SystemError
  error.code = code
  error.errno = result
  error.syscall = syscall
  if (address === undefined) return error
  if ('path' in address) error.path = address.path
  else {
    error.address = address.host
    error.port = address.port
  }
  return error
}

/** The error of an operation on a descriptor that was closed, or is elsewhere. */
export function closed(what: string): Closed {
  return new Closed(`${what}: the descriptor is closed, or has moved to another domain`)
}
