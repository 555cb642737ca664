import type { Account } from '../accounts/account.ts'
import { ACCOUNT_FAMILIES } from '../metrics/catalogue.ts'
import { exactly, selector } from '../metrics/promql.ts'
import type { TimeRange } from '../store/store.ts'
import { type HistoryReader, type HistorySlot, HOUR_MS } from './history.ts'
import type { PrometheusApi, RangeSeries } from './prometheus-api.ts'
import { responseSketch } from './quantiles.ts'

const MINUTE_MS = 60_000
// Few enough that response times come in one page of any Prometheus.
const RESPONSE_POINTS = 10_000

const COUNTERS = {
  observed: ACCOUNT_FAMILIES.observed.name,
  downtime: ACCOUNT_FAMILIES.downtime.name,
  checks: ACCOUNT_FAMILIES.checks.name,
  failures: ACCOUNT_FAMILIES.checkFailures.name,
} as const

/**
 * History from Prometheus: the exporter's counters, read at every full hour and subtracted. Nothing is extrapolated, as
 * `increase()` would, so the hours add up to what the counters counted, whatever gaps there are: the sums of a gap come
 * with the first hour after it. Exact to one scrape at the borders of the range.
 */
export function prometheusHistory(api: PrometheusApi): HistoryReader {
  return {
    async read(account, range, options, signal) {
      const responses = responseSketch()
      if (range.toMs <= range.fromMs) return { source: 'prometheus', slots: [], responses, sampledEveryMs: null }
      // Prometheus counts steps from the beginning: the last hour may be cut, and its end needs a step of its own.
      const edges = edgesOf(range)
      const counters = await api.queryRange(countersOf(account), { ...range, toMs: edges.lastFullMs }, HOUR_MS, signal)
      const end =
        edges.lastFullMs === range.toMs
          ? []
          : await api.queryRange(countersOf(account), { fromMs: range.toMs, toMs: range.toMs }, HOUR_MS, signal)
      const stepMs = responseStep(range)
      const durations = await api.queryRange(
        selector(ACCOUNT_FAMILIES.checkDuration, labelsOf(account)),
        range,
        options.responses ? stepMs : HOUR_MS,
        signal,
      )
      const means = new Map<number, { sum: number; count: number }>()
      for (const { points } of durations) {
        for (const [atMs, seconds] of points) {
          if (atMs >= range.toMs) continue
          if (options.responses) responses.add(seconds * 1000)
          const hour = Math.floor((atMs - range.fromMs) / HOUR_MS)
          const mean = means.get(hour) ?? { sum: 0, count: 0 }
          means.set(hour, { sum: mean.sum + seconds * 1000, count: mean.count + 1 })
        }
      }
      const slots = slotsOf(range, [...counters, ...end]).map((slot, hour): HistorySlot => {
        const mean = means.get(hour)
        return { ...slot, meanResponseMs: mean === undefined ? null : mean.sum / mean.count }
      })
      return {
        source: 'prometheus',
        slots: slots.filter(({ checks, observedMs }) => checks > 0 || observedMs > 0),
        responses,
        sampledEveryMs: stepMs,
      }
    },
  }
}

function labelsOf({ account, gateway }: Account): Readonly<Record<string, string>> {
  return { account, gateway }
}

/** All four counters in one query. */
function countersOf(account: Account): string {
  const names = Object.values(COUNTERS).map(exactly).join('|')
  return selector({ name: '' }, { __name__: { matches: names }, ...labelsOf(account) })
}

function edgesOf({ fromMs, toMs }: TimeRange): { readonly lastFullMs: number } {
  return { lastFullMs: fromMs + Math.floor((toMs - fromMs) / HOUR_MS) * HOUR_MS }
}

function responseStep({ fromMs, toMs }: TimeRange): number {
  return Math.max(1, Math.ceil((toMs - fromMs) / RESPONSE_POINTS / MINUTE_MS)) * MINUTE_MS
}

type Slot = Omit<HistorySlot, 'meanResponseMs'>

function slotsOf(range: TimeRange, series: readonly RangeSeries[]): Slot[] {
  const count = Math.ceil((range.toMs - range.fromMs) / HOUR_MS)
  const edges = Array.from({ length: count + 1 }, (_, hour) => Math.min(range.fromMs + hour * HOUR_MS, range.toMs))
  const valuesOf = (name: string) =>
    atEdges(
      edges,
      series.filter(({ labels }) => labels['__name__'] === name),
    )
  const observed = valuesOf(COUNTERS.observed)
  const isNew = beganInside(edges, observed)
  const observedGrowth = growth(observed, isNew)
  const downtime = growth(valuesOf(COUNTERS.downtime), isNew)
  const checks = growth(valuesOf(COUNTERS.checks), isNew)
  const failures = growth(valuesOf(COUNTERS.failures), isNew)
  return edges.slice(0, -1).map((fromMs, hour) => ({
    fromMs,
    toMs: edges[hour + 1] ?? fromMs,
    observedMs: Math.round((observedGrowth[hour] ?? 0) * 1000),
    downtimeMs: Math.round((downtime[hour] ?? 0) * 1000),
    checks: Math.round(checks[hour] ?? 0),
    failures: Math.round(failures[hour] ?? 0),
  }))
}

/** The counter at every edge, null where it had no value. Where its labels changed, it goes on in another series. */
function atEdges(edges: readonly number[], series: readonly RangeSeries[]): readonly (number | null)[] {
  const values = new Map<number, number>()
  for (const { points } of series) {
    for (const [atMs, value] of points) values.set(atMs, Math.max(value, values.get(atMs) ?? 0))
  }
  return edges.map((atMs) => values.get(atMs) ?? null)
}

/** Whether the account was first watched inside of the range: its counter is younger than the hour in which it appears. */
function beganInside(edges: readonly number[], observed: readonly (number | null)[]): boolean {
  const first = observed.findIndex((value) => value !== null)
  if (first <= 0) return false
  return (observed[first] ?? 0) * 1000 <= (edges[first] ?? 0) - (edges[first - 1] ?? 0)
}

/** Growth per hour; a counter that fell began anew. Before its first value an old counter counts nothing. */
function growth(values: readonly (number | null)[], isNew: boolean): readonly number[] {
  let last: number | null = isNew ? 0 : null
  const grown: number[] = []
  for (const [edge, value] of values.entries()) {
    const added: number = value === null || last === null ? 0 : value < last ? value : value - last
    if (edge > 0) grown.push(added)
    last = value ?? last
  }
  return grown
}
