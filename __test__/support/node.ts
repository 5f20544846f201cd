import { pathToFileURL } from 'node:url'
import { built } from './process.js'

/** The path of a Node, or why it can't be had. */
export type Found = { path: string } | { path: undefined; why: string }

const nodes = (await import(pathToFileURL(built('npm/nodes.mjs')).href)) as {
  nodeOf(major: number): Found
  runtime(name: 'bun' | 'deno'): Found
  arm64Node(): Found
  muslNode(): Found
}

/** The Node of that major version: the one that runs the tests, or one that `npm test` has installed. */
export const nodeOf = nodes.nodeOf
/** Another runtime. */
export const runtime = nodes.runtime
/** Node for Linux on arm64, emulated where this machine is another. */
export const arm64Node = nodes.arm64Node
/** Node for Linux with musl. */
export const muslNode = nodes.muslNode
