// The command line.

import { parseArgs } from 'node:util'
import { peers } from './peers.mjs'
import { curve, scenarios } from './scenarios.mjs'

export const usage = `npm run bench -- [options]

  (none)           the short run: the usual peers and scenarios, 3 rounds, a few minutes
  --all            every peer, every scenario, the latency curve, the primitives; 7 rounds
  --rounds N       how often everything is measured, in turn
  --only NAME      a peer, a scenario or a primitive; may be repeated. C is always measured beside a peer
  --seconds S      of each measured window (2)
  --list           the names
  --help`

/**
 * What to measure.
 * @param {string[]} args
 * @param {string[]} primitives the names there are
 * @throws an error to be shown as it is, where an option is wrong
 */
export function choose(args, primitives) {
  const { values } = parseArgs({
    args,
    options: {
      all: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      only: { type: 'string', multiple: true, default: [] },
      seconds: { type: 'string', default: '2' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const everything = [...scenarios, ...(values.all ? curve : [])]
  const named = values.only.flatMap((text) => text.split(','))
  const known = [...peers, ...scenarios, ...curve].map(({ name }) => name).concat(primitives)
  for (const name of named) {
    if (!known.includes(name)) throw new Error(`--only: there is no "${name}"; --list shows the names`)
  }
  const namedPeers = peers.filter(({ name }) => named.includes(name))
  const namedScenarios = [...scenarios, ...curve].filter(({ name }) => named.includes(name))
  const namedPrimitives = primitives.filter((name) => named.includes(name))
  const usual = (list) => list.filter((item) => values.all || item.quick)
  const onlyPrimitives = namedPrimitives.length > 0 && namedPeers.length + namedScenarios.length === 0
  return {
    help: values.help,
    list: values.list,
    partial: named.length > 0,
    rounds: number('rounds', values.rounds ?? (values.all ? '7' : '3'), 1, 1000, Number.isInteger),
    seconds: number('seconds', values.seconds, 0.2, 60),
    peers:
      namedPeers.length > 0
        ? peers.filter((peer) => peer.name === 'c-epoll' || namedPeers.includes(peer))
        : usual(peers),
    scenarios: onlyPrimitives ? [] : namedScenarios.length > 0 ? namedScenarios : usual(everything),
    primitives: named.length > 0 ? namedPrimitives : values.all ? primitives : [],
  }
}

function number(name, text, least, most, is = Number.isFinite) {
  const value = Number(text)
  if (is(value) && value >= least && value <= most) return value
  const what = is === Number.isInteger ? 'a whole number' : 'a number'
  throw new Error(`--${name} is ${what} between ${least} and ${most}, not "${text}"`)
}
