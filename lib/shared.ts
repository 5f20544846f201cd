import { rust } from './domain-thread.js'
import { InvalidArgument } from './errors.js'

/** Where handles of one kind of shared object come from: one handle a word on this domain. */
export interface Shared<H> {
  /** The object of that name, or a new one. */
  create(name: string | undefined): H
  /** What crosses to another domain. From now on the object lives as long as the process: nobody counts who has it. */
  share(handle: H, word: number, name: string | undefined): unknown
  /** The handle of what has crossed. */
  arrive(shared: unknown): H
}

/** Handles of the objects that the core calls `kind` (0 mutex, 1 condition). */
export function shared<H extends object>(
  kind: number,
  handle: (word: number, name: string | undefined) => H,
): Shared<H> {
  const handles = new Map<number, WeakRef<H>>()
  const gone = new FinalizationRegistry<number>((word) => {
    if (handles.get(word)?.deref() !== undefined) return
    handles.delete(word)
    rust().release(word)
  })

  function at(word: number, name: string | undefined): H {
    const known = handles.get(word)?.deref()
    if (known !== undefined) return known
    const made = handle(word, name)
    handles.set(word, new WeakRef(made))
    return made
  }

  return {
    create(name) {
      if (name !== undefined && (typeof name !== 'string' || name === '')) {
        throw new InvalidArgument(
          'the name of a shared object is a string that is not empty; leave it out for a private one',
        )
      }
      const word = rust().create(kind, name)
      if (word < 0) throw new InvalidArgument('there are four million mutexes and conditions already')
      const made = at(word, name)
      if (name === undefined) gone.register(made, word, made)
      return made
    },
    share(handle, word, name) {
      gone.unregister(handle)
      return { word, name }
    },
    arrive(packed) {
      const { word, name } = packed as { word: number; name: string | undefined }
      return at(word, name)
    },
  }
}
