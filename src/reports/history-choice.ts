import type { Store } from '../store/store.ts'
import { chosenHistory } from './chosen-history.ts'
import type { HistoryReader } from './history.ts'
import { type PrometheusApiOptions, prometheusApi } from './prometheus-api.ts'
import { prometheusHistory } from './prometheus-history.ts'
import { storeHistory } from './store-history.ts'

/** Where a report's history is read from: `auto` takes Prometheus, and the store where that saw more. */
export const HISTORY_CHOICES = ['auto', 'prometheus', 'store'] as const
export type HistoryChoice = (typeof HISTORY_CHOICES)[number]

/** A history reader for one analysis; `trouble` tells what kept it from its first choice. */
export function historyReader(
  choice: HistoryChoice,
  prometheus: PrometheusApiOptions,
  store: Pick<Store, 'history' | 'samples'>,
): { readonly history: HistoryReader; readonly trouble: () => string | null } {
  const silent = () => null
  if (choice === 'store') return { history: storeHistory(store), trouble: silent }
  const first = prometheusHistory(prometheusApi(prometheus))
  if (choice === 'prometheus') return { history: first, trouble: silent }
  const history = chosenHistory(first, storeHistory(store))
  return { history, trouble: history.trouble }
}
