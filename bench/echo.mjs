// The servers: every peer in every scenario, in rounds.

import { load } from './load.mjs'
import { cores } from './machine.mjs'
import { progress, say } from './progress.mjs'
import { scenarios } from './scenarios.mjs'
import { start } from './server.mjs'
import { spread } from './statistics.mjs'
import { count } from './strace.mjs'
import { Missing, reason } from './toolchain.mjs'

const WARMUP = 0.7
/** A closed loop was disturbed when something else used more of a core than this. */
const DISTURBED = 0.1
/** An open loop is disturbed by less: one time slice of something else is the slowest per cent of the latencies. */
const DISTURBED_OPEN = 0.03
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
 * @param {(measured: { samples: object[], failures: object[], rounds: number }) => void} afterRound
 */
export async function measure({ ready, chosen, rounds, seconds }, afterRound) {
  const samples = []
  const failures = []
  const able = (scenario) => ready.filter((peer) => command(peer, scenario))
  const total = rounds * chosen.reduce((sum, scenario) => sum + able(scenario).length, 0)
  let done = 0
  for (let round = 1; round <= rounds; round++) {
    for (const scenario of chosen) {
      const rate = scenario.share && (await fixedRate(samples, ready, scenario, seconds))
      for (const peer of turned(able(scenario), round)) {
        const sample = { peer: peer.name, scenario: scenario.name, round }
        const outcome = rate?.why ? rate : await attempt(peer, scenario, rate, seconds)
        if (outcome.why) failures.push({ ...sample, ...outcome })
        else samples.push({ ...sample, ...outcome })
        progress(++done, total, `round ${round}  ${scenario.name}  ${peer.title}: ${outcome.why ?? brief(outcome)}`)
      }
    }
    afterRound({ samples, failures, rounds: round })
  }
}

/** The same list, begun at another place. */
const turned = (list, by) => list.map((_, i) => list[(i + by) % list.length])

/** A sample, or why there is none: one peer that fails does not end the run. */
async function attempt(peer, scenario, rate, seconds) {
  const options = rate ? [...scenario.load, '--rate', rate.toFixed(0)] : scenario.load
  try {
    return await calm(scenario, () => once(peer, scenario, options, seconds))
  } catch (error) {
    return { why: reason(error) }
  }
}

function brief({ cpu_user_us: user, cpu_all_us: all, disturbed }) {
  return `${user.toFixed(2)} us user, ${all.toFixed(2)} in all${disturbed ? '  (disturbed by something else)' : ''}`
}

/** System calls per message of every peer, in short runs of their own. */
export async function trace({ ready, chosen }) {
  const traced = []
  for (const scenario of chosen.filter((scenario) => scenario.traced)) {
    for (const peer of ready.filter((peer) => command(peer, scenario))) {
      try {
        const { port, pids, stop } = await start(command(peer, scenario), placement(peer, scenario))
        try {
          const work = () => load({ port, pids }, scenario.load, { cores: cores().load, seconds: 2, warmup: 0 })
          // Compiling, on threads of its own, makes many calls: it comes before.
          await work()
          traced.push({ peer: peer.name, scenario: scenario.name, ...(await count(pids, work)) })
        } finally {
          await stop()
        }
      } catch (error) {
        say(`system calls of ${peer.title} in ${scenario.name}: ${reason(error)}`)
      }
    }
  }
  return traced
}

async function once(peer, scenario, options, seconds) {
  const server = await start(command(peer, scenario), placement(peer, scenario))
  try {
    const where = scenario.servers === 'two' ? cores().loadOfTwo : cores().load
    if (scenario.before) await load(server, scenario.before, { cores: where, seconds: 3, warmup: 0 })
    return await load(server, options, { cores: where, seconds, warmup: scenario.warmup ?? WARMUP })
  } finally {
    await server.stop()
  }
}

/** How far beyond its bound a measurement was disturbed; 0 or less is calm. Looks only at what ran beside it, never at what it gave. */
function disturbance(scenario, { others_share: others, load_share: load }) {
  // At a fixed rate the load generator spins: where it did not have its core for itself, something else did.
  return scenario.share ? Math.max(others, 1 - load) - DISTURBED_OPEN : others - DISTURBED
}

/** Measures; again where it was disturbed, and then the least disturbed one counts. */
async function calm(scenario, measurement) {
  let best = await measurement()
  for (let i = 0; i < AGAIN && disturbance(scenario, best) > 0; i++) {
    const next = await measurement()
    if (disturbance(scenario, next) < disturbance(scenario, best)) best = next
  }
  return { ...best, disturbed: disturbance(scenario, best) > 0 }
}

/** The rate of an open loop, messages a second; or why there is none: without C the other scenarios still have their figures. */
async function fixedRate(samples, ready, { share, like }, seconds) {
  try {
    return share * (await limit(samples, ready, like, seconds))
  } catch (error) {
    return { why: reason(error) }
  }
}

/** What C answers a second in a closed scenario: measured before now, or measured now. */
async function limit(samples, ready, like, seconds) {
  const known = samples.filter((sample) => sample.peer === 'c-epoll' && sample.scenario === like)
  if (known.length > 0) return spread(known.map((sample) => sample.per_second)).median
  const c = ready.find((peer) => peer.name === 'c-epoll')
  if (!c) throw new Error('an open loop needs C, whose maximum its rate is a share of')
  const scenario = scenarios.find((scenario) => scenario.name === like)
  const result = await calm(scenario, () => once(c, scenario, scenario.load, seconds))
  samples.push({ peer: 'c-epoll', scenario: like, round: 0, ...result })
  return result.per_second
}

const command = (peer, scenario) => (scenario.servers === 'two' ? peer.two : peer.one)

function placement(peer, scenario) {
  const two = scenario.servers === 'two'
  return { cores: two ? cores().two : cores().one, env: two ? peer.envTwo : peer.env, quiet: peer.quiet }
}
