import { setImmediate } from 'node:timers/promises'
import type { Sample } from '../health/health.ts'
import type { Store, TimeRange } from '../store/store.ts'
import { DAY_MS, type HistoryReader, type HistorySlot, HOUR_MS } from './history.ts'
import { responseSketch } from './quantiles.ts'

/**
 * History from the exporter's own store: sums exact to the check for as long as single checks are kept
 * (`store.retention.history`), then whole UTC days. Response times are those of every check that is still kept.
 * It is read piece by piece, with a pause for the event loop after each.
 */
export function storeHistory(store: Pick<Store, 'history' | 'samples'>): HistoryReader {
  return {
    async read({ key }, range, options, signal) {
      const responses = responseSketch()
      const slots: HistorySlot[] = []
      for (const piece of piecesOf(range)) {
        signal.throwIfAborted()
        for (const { meanDurationMs, ...bucket } of await store.history(key, piece, HOUR_MS)) {
          const { fromMs, toMs, observedMs, downtimeMs, checks, failures } = bucket
          slots.push({ fromMs, toMs, observedMs, downtimeMs, checks, failures, meanResponseMs: meanDurationMs })
        }
        await setImmediate()
      }
      for (let fromMs = range.fromMs; options.responses && fromMs < range.toMs; fromMs += DAY_MS) {
        signal.throwIfAborted()
        const day = { fromMs, toMs: Math.min(fromMs + DAY_MS, range.toMs) }
        for (const sample of await store.samples(key, day)) if (isAnswer(sample)) responses.add(sample.durationMs)
        await setImmediate()
      }
      return { source: 'store', slots, responses, sampledEveryMs: null }
    },
  }
}

/**
 * Weeks that end at a UTC midnight, because an old day that lies in two pieces would be in none. Where the clocks of the
 * period are half an hour off UTC, hours would end at such a midnight in the middle: there it is one piece.
 */
function* piecesOf({ fromMs, toMs }: TimeRange): Generator<TimeRange> {
  if (toMs <= fromMs) return
  if (fromMs % HOUR_MS !== 0) {
    yield { fromMs, toMs }
    return
  }
  for (let start = fromMs; start < toMs; ) {
    const end = Math.min(toMs, (Math.floor(start / DAY_MS) + 7) * DAY_MS)
    yield { fromMs: start, toMs: end }
    start = end
  }
}

/** How long a check took that nobody answered says nothing of how fast the gateway is; the store's means have the same rule. */
function isAnswer({ state, reason }: Sample): boolean {
  return state !== 'unknown' && reason !== 'gateway_down' && reason !== 'network'
}
