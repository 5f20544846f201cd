import { InvalidArgument } from './errors.js'

/** Throws where options are no object: a number in their place would be taken for none at all. */
export function checkObject(options: unknown, what: string): asserts options is object {
  if (typeof options !== 'object' || options === null) throw new InvalidArgument(`${what}: the options are an object`)
}
