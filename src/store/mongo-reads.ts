import { bucketCollector } from './history-sums.ts'
import type { EventRows } from './mongo-events.ts'
import type { HistoryRows } from './mongo-history.ts'
import type { Store } from './store.ts'

/**
 * What is read of a connected database, the same for the exporter and for a program beside it.
 * @param guarded runs the work and turns what it throws into StoreErrors.
 */
export function mongoReads(
  guarded: <T>(work: () => Promise<T>) => Promise<T>,
  { events, history }: { readonly events: EventRows; readonly history: HistoryRows },
): Pick<Store, 'incidents' | 'incident' | 'recoveries' | 'transitions' | 'history' | 'samples'> {
  return {
    incidents: (filter) => guarded(() => events.incidents(filter)),
    incident: (id) => guarded(() => events.incident(id)),
    recoveries: (filter) => guarded(() => events.recoveries(filter)),
    transitions: (filter) => guarded(() => events.transitions(filter)),
    history: (key, range, stepMs) =>
      guarded(async () => {
        const collector = bucketCollector(range, stepMs)
        await history.collect(key, range, collector)
        for (const atMs of await events.attemptTimes(key, range.fromMs, range.toMs)) collector.addAttempt(atMs)
        return collector.buckets()
      }),
    samples: (key, range) => guarded(() => history.samples(key, range)),
  }
}
