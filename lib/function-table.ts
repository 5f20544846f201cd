import { type Message, putInt, putText } from './message.js'
import { keyOf, type Reference } from './portable.js'

/*
 * Functions in messages between two domains: the first message that has one names it by module and name, and gives it the
 * next number of that pair of domains; those after it name the number.
 */

/** The numbers that a domain was told, by its place, then by `url#name`. */
const numbers = new Map<number, Map<string, number>>()
/** The functions that another domain has told of, by its place, then by number. */
const functions = new Map<number, Reference[]>()

/** Adds a function to the message that is being written to the domain at place `to`. Returns its number. */
export function putFunction(reference: Reference, to: number): number {
  const known = numbersOf(to)
  const number = known.get(keyOf(reference))
  putInt(number ?? -1)
  if (number !== undefined) return number
  putText(reference.url)
  putText(reference.name)
  return known.size
}

/** The message is complete: the domain at place `to` knows the number from then on. */
export function told(reference: Reference, to: number, number: number): void {
  numbersOf(to).set(keyOf(reference), number)
}

function numbersOf(to: number): Map<string, number> {
  let known = numbers.get(to)
  if (known === undefined) {
    known = new Map()
    numbers.set(to, known)
  }
  return known
}

/** Reads a function from a message. */
export function functionIn(message: Message): Reference {
  let known = functions.get(message.from)
  if (known === undefined) {
    known = []
    functions.set(message.from, known)
  }
  const number = message.int()
  if (number >= 0) return known[number]!
  const reference = { url: message.text(), name: message.text() }
  known.push(reference)
  return reference
}

/** The domain at place `at` is gone: the next one there is told anew. */
export function forgetFunctions(at: number): void {
  numbers.delete(at)
  functions.delete(at)
}
