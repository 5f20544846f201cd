// What the pools of piscina and tinypool run.

import { hashFolder } from '../folder.mjs'

/** Gives back what it was given. */
export default function echo(value) {
  return value
}

/** Hashes the files of a folder. */
export const hash = hashFolder
