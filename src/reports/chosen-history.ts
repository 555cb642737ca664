import { type HistoryReader, observedIn } from './history.ts'
import { PrometheusError } from './prometheus-api.ts'

/** Prometheus is believed as long as the store did not see noticeably more. */
const NOTICEABLE = 0.005
const FULL = 0.99

export interface ChosenHistory extends HistoryReader {
  /** Why Prometheus was given up, in one sentence; null while it answers. */
  trouble(): string | null
}

/**
 * Prometheus first; the store where Prometheus fails, or has seen less of the account than the store has (a short
 * retention, a late first scrape, days in which it was down). After one failure the store alone is asked: a report of
 * 10 000 accounts does not wait 10 000 times for a server that is away.
 */
export function chosenHistory(prometheus: HistoryReader, store: HistoryReader): ChosenHistory {
  let trouble: string | null = null
  return {
    trouble: () => trouble,
    async read(account, range, options, signal) {
      if (trouble !== null || range.toMs <= range.fromMs) return await store.read(account, range, options, signal)
      try {
        const first = await prometheus.read(account, range, options, signal)
        const spanMs = range.toMs - range.fromMs
        const seenMs = observedIn(first.slots)
        if (seenMs >= FULL * spanMs) return first
        const second = await store.read(account, range, options, signal)
        return observedIn(second.slots) > seenMs + NOTICEABLE * spanMs ? second : first
      } catch (error) {
        if (!(error instanceof PrometheusError)) throw error
        trouble = error.message
        return await store.read(account, range, options, signal)
      }
    },
  }
}
