import type { Account } from '../accounts/account.ts'
import { ACCOUNT_FAMILIES } from '../metrics/catalogue.ts'
import { exactly, selector } from '../metrics/promql.ts'
import type { TimeRange } from '../store/store.ts'
import type { HistorySlot } from './history.ts'
import type { RangeSeries } from './prometheus-api.ts'

const COUNTERS = {
  observed: ACCOUNT_FAMILIES.observed.name,
  downtime: ACCOUNT_FAMILIES.downtime.name,
  checks: ACCOUNT_FAMILIES.checks.name,
  failures: ACCOUNT_FAMILIES.checkFailures.name,
} as const

/** The labels that select an account's series. */
export function labelsOf({ account, gateway }: Account): Readonly<Record<string, string>> {
  return { account, gateway }
}

/** All four counters in one query. */
export function countersOf(account: Account): string {
  const names = Object.values(COUNTERS).map(exactly).join('|')
  return selector({ name: '' }, { __name__: { matches: names }, ...labelsOf(account) })
}

/** What the counters of one account grew by in one step. */
export type CounterSlot = Omit<HistorySlot, 'meanResponseMs'>

/**
 * Growth of the four counters in every step of the range, the last one maybe shorter. A step that begins a gap of
 * Prometheus, and those within it, are empty: the step after it has what the gap held.
 * @param series values at every edge of a step, the end of the range included
 */
export function counterSlots(range: TimeRange, stepMs: number, series: readonly RangeSeries[]): CounterSlot[] {
  const edges = edgesOf(range, stepMs)
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
  return edges.slice(0, -1).map((fromMs, step) => ({
    fromMs,
    toMs: edges[step + 1] ?? fromMs,
    observedMs: Math.round((observedGrowth[step] ?? 0) * 1000),
    downtimeMs: Math.round((downtime[step] ?? 0) * 1000),
    checks: Math.round(checks[step] ?? 0),
    failures: Math.round(failures[step] ?? 0),
  }))
}

/** Where the steps of a range begin and end. */
function edgesOf({ fromMs, toMs }: TimeRange, stepMs: number): readonly number[] {
  const count = Math.ceil((toMs - fromMs) / stepMs)
  return Array.from({ length: count + 1 }, (_, step) => Math.min(fromMs + step * stepMs, toMs))
}

/** The counter at every edge, null where it had no value. Where its labels changed, it goes on in another series. */
function atEdges(edges: readonly number[], series: readonly RangeSeries[]): readonly (number | null)[] {
  const values = new Map<number, number>()
  for (const { points } of series) {
    for (const [atMs, value] of points) values.set(atMs, Math.max(value, values.get(atMs) ?? 0))
  }
  return edges.map((atMs) => values.get(atMs) ?? null)
}

/** Whether the account was first watched inside of the range: its counter is younger than the step in which it appears. */
function beganInside(edges: readonly number[], observed: readonly (number | null)[]): boolean {
  const first = observed.findIndex((value) => value !== null)
  if (first <= 0) return false
  return (observed[first] ?? 0) * 1000 <= (edges[first] ?? 0) - (edges[first - 1] ?? 0)
}

/** Growth per step; a counter that fell began anew. Before its first value an old counter counts nothing. */
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
