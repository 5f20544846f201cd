import { parseArgs } from 'node:util'
import { binary, native } from '../native.js'
import { extraDomains } from '../run.js'
import { version } from '../version.js'
import { options } from './usage.js'

export const infoHelp = `miou info [--json]: versions, platform, the binary that was loaded, the poller and the number of domains`

/** Prints what a report of a problem should say. */
export async function info(args: string[]): Promise<void> {
  const { json } = options(() => parseArgs({ args, options: { json: { type: 'boolean' } } }))
  const facts = {
    miou: version(),
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    binary: binary(),
    poller: native.poller(),
    domains: extraDomains() + 1,
  }
  if (json) return console.log(JSON.stringify(facts))
  for (const [name, value] of Object.entries(facts)) console.log(`${name.padEnd(9)} ${value}`)
}
