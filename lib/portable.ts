import { InvalidArgument } from './errors.js'
import type { Operation } from './operation.js'

/** A module, as `import.meta` names it; in CommonJS `{ url: pathToFileURL(__filename).href }`. */
export type Meta = { url: string }

/** A function that can be called from other domains. */
export type Portable<A extends unknown[], T> = ((...args: A) => Operation<T>) & { readonly url: string }

// biome-ignore lint/suspicious/noExplicitAny: functions of all types are kept together
export type AnyFunction = (...args: any[]) => any

/** Where a function is found on every domain. */
export interface Reference {
  readonly url: string
  readonly name: string
}

/** Most characters of a module's address and a function's name together: both travel with each call. */
const LONGEST = 16_384

const byReference = new Map<string, AnyFunction>()
const references = new WeakMap<object, Reference>()

/**
 * Makes a top-level function callable from other domains, which import its module when they first need it. The name is
 * the function's own, and unique in its module; give one where a bundler renames functions.
 *
 * @throws `InvalidArgument` for a name that is empty, taken or no well-formed text, and for a module whose address is longer than 16 KiB.
 * @example
 * const square = Miou.portable(import.meta, function* square(x: number) { return x * x })
 * const nine = yield* Miou.call(square, [3])
 */
export function portable<F extends (...args: never[]) => unknown>(
  meta: Meta,
  fn: F,
  name?: string,
): F & { readonly url: string } {
  if (typeof fn !== 'function') throw new InvalidArgument('portable takes import.meta and a function')
  if (typeof meta?.url !== 'string' || meta.url === '')
    throw new InvalidArgument('portable needs the module of the function: pass import.meta')
  const known = name ?? fn.name
  if (typeof known !== 'string' || known === '') {
    throw new InvalidArgument(
      'a portable function needs a name: write function* name() or give one as the third argument',
    )
  }
  if (!known.isWellFormed()) {
    throw new InvalidArgument(
      'the name of a portable function is a whole text: half of a surrogate pair does not cross',
    )
  }
  if (meta.url.length + known.length > LONGEST) {
    throw new InvalidArgument(
      `the address of the module of ${known.slice(0, 80)} is too long to travel with each call: put the module into a file`,
    )
  }
  const reference = { url: meta.url, name: known }
  if (byReference.has(keyOf(reference))) {
    throw new InvalidArgument(
      `the name ${JSON.stringify(known)} is taken in ${meta.url}: give another one as the third argument`,
    )
  }
  // Called by way of itself and by way of the bare function, which is what a recursive reference inside it is.
  const made = ((...args: never[]) => fn(...args)) as unknown as F & { readonly url: string }
  Object.defineProperty(made, 'name', { value: known, configurable: true })
  Object.defineProperty(made, 'url', { value: meta.url, enumerable: true })
  byReference.set(keyOf(reference), fn as AnyFunction)
  references.set(fn, reference)
  references.set(made, reference)
  return made
}

/** Tells a reference from others. */
export function keyOf({ url, name }: Reference): string {
  return `${url}#${name}`
}

/** Where a function is found; undefined where it is not portable. */
export function referenceOf(fn: unknown): Reference | undefined {
  return typeof fn === 'function' ? references.get(fn) : undefined
}

/** Has a function stand for the one that a reference names: where it is sent on, that one arrives. */
export function standsFor<F extends AnyFunction>(reference: Reference, fn: F): F {
  references.set(fn, reference)
  return fn
}

/** The function of a reference, if its module is here already. */
export function find(reference: Reference): AnyFunction | undefined {
  return byReference.get(keyOf(reference))
}

/** Imports the module of a reference. Rejects with an error that names both where the function is not to be had. */
export async function load(reference: Reference): Promise<AnyFunction> {
  const { url, name } = reference
  try {
    await import(url)
  } catch (error) {
    throw new InvalidArgument(`the module of ${name} could not be imported here: ${url}`, { cause: error })
  }
  const fn = find(reference)
  if (fn === undefined) {
    throw new InvalidArgument(
      `${url} does not register ${JSON.stringify(name)} when it is imported: call portable at its top level`,
    )
  }
  return fn
}
