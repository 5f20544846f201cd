import { rust } from './domain-thread.js'
import { InvalidArgument } from './errors.js'
import type { Cargo } from './cargo.js'
import { native } from './native.js'

/** Kinds of shared objects, as the core numbers them. */
export const MUTEX = 0
export const CONDITION = 1
export const TRIGGER = 2
export const COMPUTATION = 3
export const LAZY = 4
export const QUEUE = 5

/** The error where no word is left for another shared object. */
export function tooMany(): InvalidArgument {
  return new InvalidArgument('there are four million shared objects already')
}

/** Where handles of one kind of shared object come from: one handle a word on this domain. */
export interface Shared<H> {
  /** The object of that name, or a new one. */
  create(name: string | undefined): H
  /** The handle of an object that is here. */
  at(word: number, name: string | undefined): H
  /** What crosses to another domain, with `cargo`. */
  share(handle: H, cargo: Cargo): SharedPart
  /** The handle of what has crossed. */
  arrive(part: unknown): H
}

/** A shared object in a message: the message keeps it alive. */
export interface SharedPart {
  word: number
  name: string | undefined
}

/**
 * Handles of the objects that the core calls `kind`. The core keeps an object as long as somebody can reach it: here, as
 * long as its handle lives.
 */
export function shared<H extends SharedPart>(
  kind: number,
  handle: (word: number, name: string | undefined) => H,
): Shared<H> {
  const handles = new Map<number, WeakRef<H>>()
  const gone = new FinalizationRegistry<number>((word) => {
    const last = handles.get(word)
    // The object may have another handle by now, and the word another object.
    if (last === undefined || last.deref() !== undefined) return
    handles.delete(word)
    native.release(word)
  })

  function at(word: number, name: string | undefined): H {
    const known = handles.get(word)?.deref()
    if (known !== undefined) return known
    const made = handle(word, name)
    handles.set(word, new WeakRef(made))
    gone.register(made, word)
    return made
  }

  return {
    create(name) {
      // Names with different lone surrogates would be one.
      if (name !== undefined && (typeof name !== 'string' || name === '' || !name.isWellFormed())) {
        throw new InvalidArgument(
          'the name of a shared object is a well-formed string that is not empty; leave it out for a private one',
        )
      }
      rust()
      const word = native.create(kind, name)
      if (word < 0) throw tooMany()
      return at(word, name)
    },
    at,
    share({ word, name }, cargo) {
      cargo.objects.push(word)
      return { word, name }
    },
    arrive(part) {
      const { word, name } = part as SharedPart
      return at(word, name)
    },
  }
}
