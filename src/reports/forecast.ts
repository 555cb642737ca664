import type { Forecast } from './analysis.ts'

/** What a day adds to the sums of a period. */
export interface ObservedDay {
  readonly observedMs: number
  readonly downtimeMs: number
}

const MIN_DAYS = 14
const DRAWS = 1000
/** Outages come in runs of days: three neighbours are drawn together. */
const BLOCK_DAYS = 3
const LIKELY = 0.5
const POSSIBLE = 0.2

/**
 * What the next period brings if it is like the past: 1 000 periods are put together from runs of three neighbouring
 * days of the past, drawn at random with replacement (circular block bootstrap, Politis and Romano 1992), and those that
 * miss the objective are counted. It knows nothing that has not happened yet, and that is its uncertainty: an account
 * that never failed is foretold never to fail. The same days and seed always give the same forecast.
 * @param days observed days, oldest first
 * @param seed text that names what is forecast, such as the account's key and the period
 * @returns null below 14 observed days
 */
export function forecastOf(
  days: readonly ObservedDay[],
  objective: number,
  nextDays: number,
  seed: string,
): Forecast | null {
  if (days.length < MIN_DAYS) return null
  const random = seededRandom(seed)
  const drawn: number[] = []
  let missed = 0
  for (let draw = 0; draw < DRAWS; draw++) {
    const availability = drawPeriod(days, nextDays, random)
    drawn.push(availability)
    if (availability < objective) missed += 1
  }
  drawn.sort((a, b) => a - b)
  const missProbability = missed / DRAWS
  const at = (share: number) => drawn[Math.min(DRAWS - 1, Math.floor(share * DRAWS))] ?? 1
  return {
    missProbability,
    standardError: Math.sqrt((missProbability * (1 - missProbability)) / DRAWS),
    likelihood: missProbability >= LIKELY ? 'likely' : missProbability >= POSSIBLE ? 'possible' : 'unlikely',
    p10: at(0.1),
    p50: at(0.5),
    p90: at(0.9),
    days: days.length,
    nextDays,
  }
}

function drawPeriod(days: readonly ObservedDay[], nextDays: number, random: () => number): number {
  let observedMs = 0
  let downtimeMs = 0
  let start = 0
  for (let day = 0; day < nextDays; day++) {
    if (day % BLOCK_DAYS === 0) start = Math.floor(random() * days.length)
    const drawn = days[(start + (day % BLOCK_DAYS)) % days.length]
    if (drawn === undefined) continue
    observedMs += drawn.observedMs
    downtimeMs += drawn.downtimeMs
  }
  return observedMs > 0 ? 1 - Math.min(1, downtimeMs / observedMs) : 1
}

/** Uniform numbers in [0, 1) that the text alone decides: FNV-1a for the seed, then mulberry32. */
function seededRandom(seed: string): () => number {
  let state = 0x811c9dc5
  for (const byte of Buffer.from(seed)) state = Math.imul(state ^ byte, 0x01000193)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
