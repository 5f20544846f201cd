// A directory tree to hash: the useful work that every pool of threads is given alike.

import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const FOLDERS = 64
const FILES = 16
const BYTES = 16 * 1024

/** The hash of the files of one folder, in the order of their names. */
export function hashFolder(folder) {
  const hash = createHash('sha256')
  for (const name of readdirSync(folder).sort()) hash.update(readFileSync(join(folder, name)))
  return hash.digest('hex')
}

/**
 * Makes a tree of 1 024 files, 16 MiB in all, and removes it after `use`.
 * @param {(folders: string[]) => Promise<T>} use
 * @template T
 * @returns {Promise<T>}
 */
export async function withTree(use) {
  const root = mkdtempSync(join(tmpdir(), 'bench-'))
  try {
    const folders = Array.from({ length: FOLDERS }, (_, i) => join(root, String(i)))
    for (const [i, folder] of folders.entries()) {
      mkdirSync(folder)
      for (let k = 0; k < FILES; k++) writeFileSync(join(folder, String(k)), Buffer.alloc(BYTES, i + k))
    }
    return await use(folders)
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}
