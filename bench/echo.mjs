// The servers: every peer in every scenario, in rounds.

import { load } from './load.mjs'
import { cores } from './machine.mjs'
import { progress, say } from './progress.mjs'
import { scenarios } from './scenarios.mjs'
import { start } from './server.mjs'
import { spread } from './statistics.mjs'
import { count } from './strace.mjs'
import { Missing } from './toolchain.mjs'

const WARMUP = 0.7
/** More of a core than this used by neither server nor load: the measurement was disturbed. */
const DISTURBED = 0.1
/** A disturbed measurement is made again, at most so often, and the least disturbed one counts. */
const AGAIN = 2

/** Finds or builds each peer; those that can't run are named. */
export function prepare(peers) {
  const ready = []
  const missing = []
  for (const peer of peers) {
    try {
      ready.push({ ...peer, ...peer.prepare() })
    } catch (error) {
      if (!(error instanceof Missing)) throw error
      missing.push({ peer: peer.name, why: error.message })
      say(`left out: ${peer.title} (${error.message})`)
    }
  }
  return { ready, missing }
}

/**
 * Measures; peers take turns within a scenario, and each round begins with another one.
 * @param {{ ready: object[], chosen: object[], rounds: number, seconds: number }} what
 * @param {(samples: object[]) => void} afterRound
 * @returns {Promise<{ samples: object[], failures: object[] }>}
 */
export async function measure({ ready, chosen, rounds, seconds }, afterRound) {
  const samples = []
  const failures = []
  const pairs = chosen.flatMap((scenario) => ready.filter((peer) => command(peer, scenario)).map(() => 0))
  const total = pairs.length * rounds
  let done = 0
  for (let round = 1; round <= rounds; round++) {
    for (const scenario of chosen) {
      const able = ready.filter((peer) => command(peer, scenario))
      const rate = scenario.share && scenario.share * (await limit(samples, ready, scenario.like, seconds))
      for (let i = 0; i < able.length; i++) {
        const peer = able[(i + round) % able.length]
        const note = `round ${round}  ${scenario.name}  ${peer.title}`
        try {
          const options = rate ? [...scenario.load, '--rate', rate.toFixed(0)] : scenario.load
          const result = await calm(() => once(peer, scenario, options, seconds))
          samples.push({ peer: peer.name, scenario: scenario.name, round, ...result })
          const shared =
            result.others_share > DISTURBED ? `  (disturbed: ${result.others_share.toFixed(2)} of a core)` : ''
          progress(
            ++done,
            total,
            `${note}: ${result.cpu_user_us.toFixed(2)} us user, ${result.cpu_all_us.toFixed(2)} in all${shared}`,
          )
        } catch (error) {
          failures.push({ peer: peer.name, scenario: scenario.name, round, why: error.message })
          say(`${note}: ${error.message}`)
          done++
        }
      }
    }
    afterRound(samples, failures)
  }
  return { samples, failures }
}

/** System calls per message of every peer, in short runs of their own. */
export async function trace({ ready, chosen }) {
  const traced = []
  for (const scenario of chosen.filter((scenario) => scenario.traced)) {
    for (const peer of ready.filter((peer) => command(peer, scenario))) {
      try {
        const { port, pids, stop } = await start(command(peer, scenario), placement(peer, scenario))
        try {
          const work = () => load({ port, pids }, scenario.load, { cores: cores().load, seconds: 1, warmup: 0 })
          traced.push({ peer: peer.name, scenario: scenario.name, ...(await count(pids, work)) })
        } finally {
          await stop()
        }
      } catch (error) {
        say(`system calls of ${peer.title} in ${scenario.name}: ${error.message.split('\n')[0]}`)
      }
    }
  }
  return traced
}

async function once(peer, scenario, options, seconds) {
  const server = await start(command(peer, scenario), placement(peer, scenario))
  try {
    const where = scenario.servers === 'two' ? cores().loadOfTwo : cores().load
    return await load(server, options, { cores: where, seconds, warmup: WARMUP })
  } finally {
    await server.stop()
  }
}

/** The rule looks only at what ran beside the measurement, never at what it gave. */
async function calm(measurement) {
  let best = await measurement()
  for (let i = 0; i < AGAIN && best.others_share > DISTURBED; i++) {
    const next = await measurement()
    if (next.others_share < best.others_share) best = next
  }
  return best
}

/** What C answers a second in a closed scenario: measured before now, or measured now. */
async function limit(samples, ready, like, seconds) {
  const known = samples.filter((sample) => sample.peer === 'c' && sample.scenario === like)
  if (known.length > 0) return spread(known.map((sample) => sample.per_second)).median
  const c = ready.find((peer) => peer.name === 'c')
  if (!c) throw new Error('an open loop needs C, whose maximum its rate is a share of')
  const scenario = scenarios.find((scenario) => scenario.name === like)
  const result = await once(c, scenario, scenario.load, seconds)
  samples.push({ peer: 'c', scenario: like, round: 0, ...result })
  return result.per_second
}

const command = (peer, scenario) => (scenario.servers === 'two' ? peer.two : peer.one)

function placement(peer, scenario) {
  const two = scenario.servers === 'two'
  return { cores: two ? cores().two : cores().one, env: two ? peer.envTwo : peer.env }
}
