// npm run bench: builds or finds the peers, measures them in turn, writes results/.
//
// How it measures, and why so: README.md beside this file.

import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { measure, prepare, trace } from './echo.mjs'
import { idle, machine } from './machine.mjs'
import { choose, usage } from './options.mjs'
import { install } from './packages.mjs'
import { peers } from './peers.mjs'
import { plots } from './plot.mjs'
import { measurePrimitives } from './primitive.mjs'
import { say } from './progress.mjs'
import { curve, scenarios } from './scenarios.mjs'
import { markdown } from './table.mjs'
import { bench, cargo } from './toolchain.mjs'

const primitives = readdirSync(join(bench, 'primitives'))
  .filter((name) => name.endsWith('.mjs'))
  .map((name) => name.slice(0, -4))

async function main() {
  const chosen = choose(process.argv.slice(2), primitives)
  if (chosen.help) return console.log(usage)
  if (chosen.list) {
    for (const { name, title } of [...peers, ...scenarios, ...curve]) console.log(`${name.padEnd(12)}${title}`)
    for (const name of primitives) console.log(`${name.padEnd(12)}primitive`)
    return
  }
  install(say)
  cargo(join(bench, 'load'), 'load')
  const { ready, missing } = prepare(chosen.scenarios.length > 0 ? chosen.peers : [])
  const free = await idle()
  if (free < 0.9)
    say(`warning: the machine is ${Math.round((1 - free) * 100)} % busy with something else; figures will be off`)

  const result = {
    date: new Date().toISOString(),
    machine: machine(),
    rounds: chosen.rounds,
    seconds: chosen.seconds,
    peers: ready.map(({ name, title, version, ours = false }) => ({ name, title, version, ours })),
    missing,
    failures: [],
    samples: [],
    traced: [],
    primitives: [],
  }
  const name = chosen.partial ? 'partial' : 'latest'
  const what = { ready, chosen: chosen.scenarios, rounds: chosen.rounds, seconds: chosen.seconds }
  await measure(what, (measured) => save(name, Object.assign(result, measured)))
  result.traced = await trace(what)
  if (chosen.primitives.length > 0) {
    const { primitives, missing, failures } = await measurePrimitives(chosen.primitives, chosen.rounds)
    Object.assign(result, {
      primitives,
      missing: [...result.missing, ...missing],
      failures: [...result.failures, ...failures],
    })
  }
  save(name, result)
  console.log(markdown(result))
  say(`written: bench/results/${name}.json, .md and -*.svg`)
}

/** After each round, so that an interrupted run leaves what it has measured. */
function save(name, result) {
  const folder = join(bench, 'results')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(result, null, 1)}\n`)
  writeFileSync(join(folder, `${name}.md`), markdown(result))
  for (const [picture, content] of Object.entries(plots(result))) {
    const file = join(folder, `${name}-${picture}.svg`)
    // A picture that these figures do not make is one of an older run.
    if (content === undefined) rmSync(file, { force: true })
    else writeFileSync(file, content)
  }
}

process.on('SIGINT', () => process.exit(130))
process.on('SIGTERM', () => process.exit(143))
main().catch((error) => {
  say(`bench: ${error.message}`)
  process.exitCode = 1
})
