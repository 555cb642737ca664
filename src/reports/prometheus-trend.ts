import type { Account } from '../accounts/account.ts'
import type { Status } from '../accounts/vocabulary.ts'
import { ACCOUNT_FAMILIES } from '../metrics/catalogue.ts'
import { over, type RangeFunction, type RangeText, selector } from '../metrics/promql.ts'
import type { HistoryBucket, TimeRange } from '../store/store.ts'
import type { PrometheusApi, RangeSeries } from './prometheus-api.ts'
import { counterSlots, countersOf, labelsOf } from './prometheus-counters.ts'

/** From the best to the worst. */
const STATUS_ORDER = ['healthy', 'unknown', 'warning', 'unhealthy'] as const satisfies readonly Status[]

/**
 * The steps of a trend as Prometheus has them: counters exact to one scrape, response times and statuses as of the scrapes.
 * Steps without a check are left out. Rejects with PrometheusError, and with the signal's reason once it aborts.
 */
export async function prometheusTrend(
  api: PrometheusApi,
  account: Account,
  range: TimeRange,
  stepMs: number,
  signal: AbortSignal,
): Promise<readonly HistoryBucket[]> {
  const lastFullMs = range.fromMs + Math.floor((range.toMs - range.fromMs) / stepMs) * stepMs
  const isCut = lastFullMs < range.toMs
  const labels = labelsOf(account)
  const durations = selector(ACCOUNT_FAMILIES.checkDuration, labels)
  const statuses = selector(ACCOUNT_FAMILIES.status, labels)
  /** At the end of every step; Prometheus counts steps from the beginning, so the end of a cut one is asked for apart. */
  const atEdges = async (query: string, cutQuery: string) => {
    const [full, cut] = await Promise.all([
      api.queryRange(query, { fromMs: range.fromMs, toMs: lastFullMs }, stepMs, signal),
      isCut ? api.queryRange(cutQuery, { fromMs: range.toMs, toMs: range.toMs }, stepMs, signal) : [],
    ])
    return [...full, ...cut]
  }
  const within = (fn: RangeFunction, series: string) =>
    atEdges(over(fn, series, seconds(stepMs)), over(fn, series, seconds(range.toMs - lastFullMs)))
  const [counters, means, maxima, seen] = await Promise.all([
    atEdges(countersOf(account), countersOf(account)),
    within('avg_over_time', durations),
    within('max_over_time', durations),
    within('max_over_time', statuses),
  ])
  const meanAt = valuesOf(means)
  const maxAt = valuesOf(maxima)
  const statusAt = worstOf(seen)
  return counterSlots(range, stepMs, counters)
    .filter(({ checks, observedMs }) => checks > 0 || observedMs > 0)
    .map((slot) => ({
      ...slot,
      meanDurationMs: milliseconds(meanAt.get(slot.toMs)),
      maxDurationMs: milliseconds(maxAt.get(slot.toMs)),
      worstStatus: statusAt.get(slot.toMs) ?? 'unknown',
      recoveryAttempts: 0,
    }))
}

function valuesOf(series: readonly RangeSeries[]): ReadonlyMap<number, number> {
  const values = new Map<number, number>()
  // An account whose operator labels changed has several series; one step may lie in two of them.
  for (const { points } of series)
    for (const [atMs, value] of points) values.set(atMs, Math.max(value, values.get(atMs) ?? 0))
  return values
}

function worstOf(series: readonly RangeSeries[]): ReadonlyMap<number, Status> {
  const worst = new Map<number, Status>()
  for (const status of STATUS_ORDER) {
    for (const { labels, points } of series) {
      if (labels['status'] !== status) continue
      for (const [atMs, value] of points) if (value > 0) worst.set(atMs, status)
    }
  }
  return worst
}

function milliseconds(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : value * 1000
}

function seconds(ms: number): RangeText {
  return `${Math.max(1, Math.ceil(ms / 1000))}s`
}
