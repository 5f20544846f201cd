// One line that says where the run is: rewritten in place on a terminal, one line each elsewhere.

const started = Date.now()

/**
 * @param {number} done of `all` measurements
 * @param {number} all
 * @param {string} text what was measured just now
 */
export function progress(done, all, text) {
  const elapsed = (Date.now() - started) / 1000
  const left = done > 0 ? duration((elapsed / done) * (all - done)) : '?'
  const line = `[${done}/${all}] ${duration(elapsed)}, ${left} left  ${text}`
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line.slice(0, (process.stderr.columns ?? 100) - 1)}`)
  else process.stderr.write(`${line}\n`)
}

/** A line that stays. */
export function say(text) {
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}\n` : `${text}\n`)
}

function duration(seconds) {
  const whole = Math.round(seconds)
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`
}
