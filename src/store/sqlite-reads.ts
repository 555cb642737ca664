import { bucketCollector } from './history-sums.ts'
import type { AccountRows } from './sqlite-accounts.ts'
import type { EventRows } from './sqlite-events.ts'
import type { HistoryRows } from './sqlite-history.ts'
import type { Store } from './store.ts'

/**
 * What is read of an open database, the same for the exporter and for a program beside it.
 * @param guarded runs the work and turns what it throws into StoreErrors.
 */
export function sqliteReads(
  guarded: <T>(work: () => T) => T,
  rows: { readonly accounts: AccountRows; readonly events: EventRows; readonly history: HistoryRows },
): Pick<Store, 'incidents' | 'incident' | 'recoveries' | 'transitions' | 'history' | 'samples'> {
  const { accounts, events, history } = rows
  return {
    incidents: async (filter) => guarded(() => events.incidents(filter)),
    incident: async (id) => guarded(() => events.incident(id)),
    recoveries: async (filter) => guarded(() => events.recoveries(filter)),
    transitions: async (filter) =>
      guarded(() => {
        const ref = accounts.ref(filter.key)
        return ref === undefined ? { items: [] } : events.transitions(ref, filter)
      }),
    history: async (key, range, stepMs) =>
      guarded(() => {
        const collector = bucketCollector(range, stepMs)
        const ref = accounts.ref(key)
        if (ref !== undefined) history.collect(ref, key, range, collector)
        for (const atMs of events.attemptTimes(key, range.fromMs, range.toMs)) collector.addAttempt(atMs)
        return collector.buckets()
      }),
    samples: async (key, range) =>
      guarded(() => {
        const ref = accounts.ref(key)
        return ref === undefined ? [] : history.samples(ref, key, range)
      }),
  }
}
