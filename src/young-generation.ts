import { setFlagsFromString } from 'node:v8'

/** The part of V8's heap in which objects begin. */
export interface YoungGeneration {
  /** Lets it grow, or keeps it from growing any more, as a fleet of so many accounts needs it. */
  fit(accounts: number): void
}

/** What node is to be started with, in MB: V8 reads these bounds only then. */
export const START_OPTIONS = ['--min-semi-space-size=8', '--max-semi-space-size=64'] as const

/** From here on the larger young generation costs a quarter of the memory, and saves a fifth of a check's cost. */
const LARGE_FLEET_ACCOUNTS = 5_000
const GROWS = '--semi-space-growth-factor=2'
const STAYS = '--semi-space-growth-factor=1'

/**
 * What a check allocates dies at once, and V8's young generation would grow to its bound for it: 300 MB resident at
 * 1 000 accounts. So it stays as it begins, 8 MB by START_OPTIONS (195 MB; the installed command, the image and `make up`
 * start with them). For a large fleet it may grow: thousands of requests under way at once would be copied twice and
 * then pass for old objects (docs/decisions/0013-young-generation.md).
 * Where node was started without those bounds, which V8 reads only at its start, it stays smaller: 80 to 90 µs per check
 * instead of 60 to 70. Who gave an upper bound alone keeps it.
 * Call it before anything large loads.
 *
 * @param startOptions what node was started with: `process.execArgv` and the words of NODE_OPTIONS
 */
export function youngGeneration(
  startOptions: readonly string[],
  setFlags: (flags: string) => void = setFlagsFromString,
): YoungGeneration {
  const has = (option: RegExp) => startOptions.some((given) => option.test(given))
  if (has(/^--max[-_]semi[-_]space[-_]size\b/) && !has(/^--min[-_]semi[-_]space[-_]size\b/)) return { fit() {} }
  let flags = STAYS
  setFlags(flags)
  return {
    fit(accounts) {
      const next = accounts >= LARGE_FLEET_ACCOUNTS ? GROWS : STAYS
      if (next !== flags) setFlags(next)
      flags = next
    },
  }
}
