import type { Log } from '../log.ts'
import type { Notification, Store } from '../store/store.ts'
import type { AlertmanagerClient } from './alertmanager.ts'
import type { NotificationAudit } from './audit.ts'

/** Younger notifications are left alone: Alertmanager's own message may be under way. */
const SETTLED_AFTER_MS = 10 * 60_000
/** A restarted Alertmanager knows no alert until Prometheus sends it again. */
const WARM_AFTER_MS = 10 * 60_000
const MOST_OPEN = 1000

export interface LostEndsParts {
  readonly store: Pick<Store, 'notifications'>
  readonly audit: Pick<NotificationAudit, 'close'>
  readonly client: () => AlertmanagerClient
  readonly nowMs: () => number
  readonly log: Log
}

/**
 * Finds notifications whose alert is over although no message said so: an alert that ends while it is silenced or
 * inhibited is forgotten without a word. One that two looks in a row do not find at Alertmanager is closed.
 */
export function lostEnds({ store, audit, client, nowMs, log }: LostEndsParts) {
  let suspected = new Map<string, number>()

  /** Looks once. Rejects with StoreError or AlertmanagerError. */
  return async function look(signal: AbortSignal): Promise<void> {
    const atMs = nowMs()
    const range = { fromMs: 0, toMs: atMs - SETTLED_AFTER_MS }
    const { items: open } = await store.notifications({ status: 'firing', range, limit: MOST_OPEN })
    if (open.length === 0) return
    const alertmanager = client()
    if (atMs - (await alertmanager.startedMs(signal)) < WARM_AFTER_MS) return
    const present = await alertmanager.alertFingerprints(signal)
    const missing = open.filter(({ fingerprint }) => !present.has(fingerprint))
    const earlier = suspected
    suspected = new Map(missing.map(({ id }) => [id, earlier.get(id) ?? atMs]))
    const byEnd = Map.groupBy(
      missing.filter(({ id }) => earlier.has(id)),
      ({ id }: Notification) => suspected.get(id) ?? atMs,
    )
    for (const [endedMs, lost] of byEnd) {
      await audit.close(lost, endedMs)
      log.info({ alerts: lost.length }, 'Alerts ended without a message, silenced or inhibited; the audit closes them.')
    }
  }
}
