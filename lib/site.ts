/** Where this package lies. */
const OURS = new URL('.', import.meta.url).href

/** Whether a line of a stack is one of this package. */
export function isOurs(line: string): boolean {
  return line.includes(OURS)
}

/** Where the user's code is that made the running call. Costs some microseconds: for MIOU_DEBUG only. */
export function site(): string {
  const lines = new Error().stack?.split('\n').slice(1) ?? []
  const line = lines.find((at) => !isOurs(at) && !at.includes('node:'))
  return line?.trim().replace(/^at /, '') ?? 'an unknown place'
}

const sites = new WeakMap<object, string>()

/** Notes where something is made, for those who report it later. Call it only where `debugging()`. */
export function noteSite(made: object, at = site()): void {
  sites.set(made, at)
}

/** Where something was made, as far as it was noted. */
export function siteOf(made: unknown): string | undefined {
  return typeof made === 'object' && made !== null ? sites.get(made) : undefined
}
