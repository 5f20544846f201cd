import { inspect } from 'node:util'
import * as errors from './errors.js'

/** An error as it crosses: its name is kept, and of its classes the nearest that is one of ours or of the language. */
export interface PackedError {
  kind: string
  name: string
  message: string
  stack: string | undefined
  /** Own properties, `cause`, `errors` and `suppressed` among them. */
  own: Record<string, unknown>
}

type ErrorClass = new (message: string) => Error

const ours = new Map(Object.entries(errors) as unknown as [string, ErrorClass][])
const language = new Map<string, ErrorClass>(
  [AggregateError, Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((of) => [
    of.name,
    of as ErrorClass,
  ]),
)

/** Packs a property of an error, and takes that back where `check` throws, which is called with what was packed. */
type PackPart = (value: unknown, name: string, check: (packed: unknown) => void) => unknown

/** Packs an error; `part` packs each of its properties. */
export function packError(error: Error, part: PackPart): PackedError {
  const own: Record<string, unknown> = {}
  for (const name of Object.getOwnPropertyNames(error)) {
    if (name === 'stack' || name === 'message' || name === 'name') continue
    own[name] = softly(error, name, part)
  }
  // That of a DOMException is inherited.
  if ('code' in error && !('code' in own)) own.code = softly(error, 'code', part)
  const { stack } = error
  return { kind: kindOf(error), name: String(error.name), message: String(error.message), stack, own }
}

/** The nearest class of an error that there is on the other side, too. */
function kindOf(error: Error): string {
  for (let of = error.constructor; typeof of === 'function'; of = Object.getPrototypeOf(of)) {
    const { name } = of
    if (ours.get(name) === of || language.get(name) === of) return name
  }
  return 'Error'
}

/** Properties that hold errors. */
const LISTS = new Set(['errors', 'suppressed'])

/** A property that can't cross does not keep its error from crossing: what it looks like does. */
function softly(error: Error, name: string, part: PackPart): unknown {
  let value: unknown
  try {
    value = (error as unknown as Record<string, unknown>)[name]
    // One of several errors that can't cross does not keep the others.
    if (LISTS.has(name) && Array.isArray(value)) return value.map((one) => partOf(one, name, part))
  } catch {
    return 'what can not be read'
  }
  return partOf(value, name, part)
}

function partOf(value: unknown, name: string, part: PackPart): unknown {
  try {
    return part(value, name, (packed) => {
      // Another error has been seen to already.
      if (typeof packed === 'object' && !(value instanceof Error)) structuredClone(packed)
    })
  } catch {
    return inspect(value, { depth: 0, customInspect: false })
  }
}

/** The error on the other side. `made` hears of it before its parts are unpacked: an error may be its own cause. */
export function unpackError(
  packed: PackedError,
  made: (error: Error) => void,
  part: (value: unknown) => unknown,
): Error {
  const error = construct(packed)
  made(error)
  for (const [name, value] of Object.entries(packed.own)) {
    const enumerable = name !== 'cause' && name !== 'errors'
    Object.defineProperty(error, name, { value: part(value), enumerable, writable: true, configurable: true })
  }
  Object.defineProperty(error, 'stack', { value: packed.stack, writable: true, configurable: true, enumerable: false })
  return error
}

function construct({ kind, name, message }: PackedError): Error {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    const of = ours.get(kind)
    // Without its constructor, which may take other arguments: its fields are among the own properties.
    const error = of === undefined ? ofLanguage(kind, message) : (Reflect.construct(Error, [message], of) as Error)
    if (error.name !== name)
      Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true, enumerable: false })
    return error
  } finally {
    Error.stackTraceLimit = limit
  }
}

function ofLanguage(kind: string, message: string): Error {
  return kind === 'AggregateError' ? new AggregateError([], message) : new (language.get(kind) ?? Error)(message)
}
