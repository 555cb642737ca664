// How Grafana turns a time range and the width of a panel into the step of a query, and into its own variables.
import { parseDurationMs } from '../../../src/option-types.ts'
import { DAY, HOUR, MINUTE } from './past-troubles.ts'

const SECOND = 1000
const UNITS: Readonly<Record<string, number>> = {
  s: SECOND,
  m: MINUTE,
  h: HOUR,
  d: DAY,
  w: 7 * DAY,
  M: 30 * DAY,
  y: 365 * DAY,
}

/** Scrape interval that Grafana assumes where the data source names none. */
const SCRAPE_INTERVAL_MS = 15 * SECOND
const MAX_POINTS = 11_000

/** From which length on an interval is rounded to which: `roundInterval` in Grafana's rangeutil. */
const ROUNDED: readonly (readonly [belowMs: number, intervalMs: number])[] = [
  [1500, SECOND],
  [3500, 2 * SECOND],
  [7500, 5 * SECOND],
  [12_500, 10 * SECOND],
  [17_500, 15 * SECOND],
  [25_000, 20 * SECOND],
  [45_000, 30 * SECOND],
  [90_000, MINUTE],
  [210_000, 2 * MINUTE],
  [450_000, 5 * MINUTE],
  [750_000, 10 * MINUTE],
  [1_050_000, 15 * MINUTE],
  [1_500_000, 20 * MINUTE],
  [2_700_000, 30 * MINUTE],
  [5_400_000, HOUR],
  [9_000_000, 2 * HOUR],
  [16_200_000, 3 * HOUR],
  [32_400_000, 6 * HOUR],
  [DAY, 12 * HOUR],
  [7 * DAY, DAY],
]

/** When and how densely one query asks, Unix milliseconds. */
export interface TimeSteps {
  readonly fromMs: number
  readonly toMs: number
  readonly stepMs: number
  /** Grafana's own variables, without `$`. */
  readonly builtIns: Readonly<Record<string, string>>
}

/**
 * @param range relative times: `now-6h`, `now`
 * @param maxPoints width of the panel in pixels
 * @param leastStep of the query or panel: `1m`
 */
export function timeSteps(
  range: { readonly from: string; readonly to: string },
  nowMs: number,
  maxPoints: number,
  leastStep?: string,
): TimeSteps {
  const fromMs = moment(range.from, nowMs)
  const toMs = moment(range.to, nowMs)
  const spanMs = toMs - fromMs
  const leastMs = leastStep === undefined ? SCRAPE_INTERVAL_MS : (parseDurationMs(leastStep) ?? SCRAPE_INTERVAL_MS)
  const rawMs = spanMs / maxPoints
  const roundedMs = ROUNDED.find(([belowMs]) => rawMs < belowMs)?.[1] ?? 7 * DAY
  const stepMs = Math.max(roundedMs, leastMs, Math.ceil(spanMs / MAX_POINTS / SECOND) * SECOND)
  const rateMs = Math.max(stepMs + leastMs, 4 * leastMs)
  return {
    // Grafana asks at multiples of the step, so that answers do not tremble.
    fromMs: Math.floor(fromMs / stepMs) * stepMs,
    toMs: Math.floor(toMs / stepMs) * stepMs,
    stepMs,
    builtIns: {
      __interval: promText(stepMs),
      __interval_ms: String(stepMs),
      __rate_interval: promText(rateMs),
      __range: `${Math.round(spanMs / SECOND)}s`,
      __range_s: String(Math.round(spanMs / SECOND)),
      __range_ms: String(spanMs),
      __from: String(fromMs),
      __to: String(toMs),
    },
  }
}

/** A relative time of Grafana: `now`, `now-6h`, `now-1d/d`. Throws on what is none. */
export function moment(text: string, nowMs: number): number {
  const [, count, unit = '', roundTo] = /^now(?:-(\d+)([smhdwMy]))?(?:\/([dh]))?$/.exec(text) ?? []
  if (!text.startsWith('now') || (text !== 'now' && count === undefined && roundTo === undefined))
    throw new Error(`${text} is no relative time that the boards may use`)
  const exactMs = nowMs - Number(count ?? 0) * (UNITS[unit] ?? 0)
  const roundMs = roundTo === undefined ? 1 : (UNITS[roundTo] ?? 1)
  return Math.floor(exactMs / roundMs) * roundMs
}

function promText(ms: number): string {
  return `${Math.round(ms / SECOND)}s`
}
