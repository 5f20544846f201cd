import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import anyTest from 'ava'
import { libcOf } from '../dist/libc.js'
import { test } from './support/case.js'

const folder = mkdtempSync(join(tmpdir(), 'miou-libc-'))
anyTest.after.always(() => rmSync(folder, { recursive: true }))

/** A program of 64 bits that names `loader`, behind `gap` bytes and another segment; where a tool has moved it, it is far. */
function program(loader: string, gap = 0): Buffer {
  const [header, entry] = [64, 56]
  const bytes = Buffer.alloc(header + 2 * entry + gap)
  bytes.writeUInt32BE(0x7f454c46)
  bytes.writeBigUInt64LE(BigInt(header), 32)
  bytes.writeUInt16LE(entry, 54)
  bytes.writeUInt16LE(2, 56)
  bytes.writeUInt32LE(6, header)
  bytes.writeUInt32LE(3, header + entry)
  bytes.writeBigUInt64LE(BigInt(bytes.length), header + entry + 8)
  bytes.writeBigUInt64LE(BigInt(loader.length + 1), header + entry + 32)
  return Buffer.concat([bytes, Buffer.from(`${loader}\0`)])
}

function libcOfBytes(bytes: Uint8Array | string): string | undefined {
  const path = join(folder, 'program')
  writeFileSync(path, bytes)
  return libcOf(path)
}

test('the C library is that of the loader which the program names, wherever in the file it does', (t) => {
  for (const gap of [0, 100_000]) {
    t.is(libcOfBytes(program('/lib/ld-musl-x86_64.so.1', gap)), 'musl')
    t.is(libcOfBytes(program('/lib/ld-musl-aarch64.so.1', gap)), 'musl')
    t.is(libcOfBytes(program('/lib64/ld-linux-x86-64.so.2', gap)), 'glibc')
    t.is(libcOfBytes(program('/nix/store/of-some-hash-glibc/lib/ld-linux-aarch64.so.1', gap)), 'glibc')
  }
})

test('what is no such program has no C library that could be told', (t) => {
  t.is(libcOfBytes('#!/bin/sh\nexec node "$@"\n'), undefined)
  t.is(libcOfBytes(''), undefined)
  t.is(libcOf(join(folder, 'nowhere')), undefined)
  t.is(libcOf(folder), undefined)
  const whole = program('/lib/ld-musl-x86_64.so.1')
  for (const length of [3, 4, 40, 63, 64]) t.is(libcOfBytes(whole.subarray(0, length)), undefined, `${length} bytes`)
  // A static program names none.
  const other = Buffer.from(whole)
  other.writeUInt32LE(7, 64 + 56)
  t.is(libcOfBytes(other), undefined)
})
