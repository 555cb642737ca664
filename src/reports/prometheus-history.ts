import { ACCOUNT_FAMILIES } from '../metrics/catalogue.ts'
import { selector } from '../metrics/promql.ts'
import type { TimeRange } from '../store/store.ts'
import { type HistoryReader, type HistorySlot, HOUR_MS } from './history.ts'
import type { PrometheusApi } from './prometheus-api.ts'
import { counterSlots, countersOf, labelsOf } from './prometheus-counters.ts'
import { responseSketch } from './quantiles.ts'

const MINUTE_MS = 60_000
// Few enough that response times come in one page of any Prometheus.
const RESPONSE_POINTS = 10_000

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
      const slots = counterSlots(range, HOUR_MS, [...counters, ...end]).map((slot, hour): HistorySlot => {
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

function edgesOf({ fromMs, toMs }: TimeRange): { readonly lastFullMs: number } {
  return { lastFullMs: fromMs + Math.floor((toMs - fromMs) / HOUR_MS) * HOUR_MS }
}

function responseStep({ fromMs, toMs }: TimeRange): number {
  return Math.max(1, Math.ceil((toMs - fromMs) / RESPONSE_POINTS / MINUTE_MS)) * MINUTE_MS
}
