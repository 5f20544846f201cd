import { inspect } from 'node:util'
import * as errors from './errors.js'

/** An error as it crosses: the class is kept where it is one of ours or of the language, otherwise its name. */
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
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((of) => [of.name, of]),
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
  const kind = error.constructor?.name ?? 'Error'
  const known =
    ours.get(kind) === error.constructor || language.get(kind) === error.constructor || error instanceof AggregateError
  return { kind: known ? kind : '', name: String(error.name), message: String(error.message), stack: error.stack, own }
}

/** A property that can't cross does not keep its error from crossing: what it looks like does. */
function softly(error: Error, name: string, part: PackPart): unknown {
  let value: unknown
  try {
    value = (error as unknown as Record<string, unknown>)[name]
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
    if (of !== undefined) return Reflect.construct(Error, [message], of)
    if (kind === 'AggregateError') return new AggregateError([], message)
    const error = new (language.get(kind) ?? Error)(message)
    if (error.name !== name)
      Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true, enumerable: false })
    return error
  } finally {
    Error.stackTraceLimit = limit
  }
}
