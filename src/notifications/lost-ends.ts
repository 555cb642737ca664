import type { Log } from '../log.ts'
import type { Notification, Store } from '../store/store.ts'
import type { AlertmanagerClient } from './alertmanager.ts'
import type { NotificationAudit } from './audit.ts'

export interface LostEndsParts {
  readonly store: Pick<Store, 'notifications'>
  readonly audit: Pick<NotificationAudit, 'close'>
  readonly client: () => AlertmanagerClient
  /** Whether a receiver wants to hear of ends at all. */
  readonly hearsEnds: (receiver: string) => boolean
  readonly nowMs: () => number
  readonly log: Log
  /** Younger notifications are left alone: Alertmanager's own message may be under way. @default 10 minutes */
  readonly settledAfterMs?: number
  /** A restarted Alertmanager knows no alert until Prometheus sends it again. @default 10 minutes */
  readonly warmAfterMs?: number
}

const SETTLED_AFTER_MS = 10 * 60_000
const WARM_AFTER_MS = 10 * 60_000
/** So long an end is told again and again; then what mutes it stays, and the notification is closed without a message. */
const GIVE_UP_AFTER_MS = 24 * 3_600_000
const MOST_OPEN = 1000

/**
 * Finds alerts that are over although no message said so, and has Alertmanager say it: an alert that ends while it is
 * inhibited or silenced is forgotten there without a word, also to those who were told that it fires. Told once more of
 * the end when nothing mutes it any longer, Alertmanager sends the message that is owed.
 * Source: https://github.com/prometheus/alertmanager/issues/2754 and notify.DedupStage.
 */
export function lostEnds(parts: LostEndsParts) {
  const { store, audit, client, hearsEnds, nowMs, log } = parts
  const { settledAfterMs = SETTLED_AFTER_MS, warmAfterMs = WARM_AFTER_MS } = parts
  /** When each was first not found. */
  let missed = new Map<string, number>()

  /** Looks once. Rejects with StoreError or AlertmanagerError. */
  return async function look(signal: AbortSignal): Promise<void> {
    const atMs = nowMs()
    const range = { fromMs: 0, toMs: atMs - settledAfterMs }
    const { items: open } = await store.notifications({ status: 'firing', range, limit: MOST_OPEN })
    if (open.length === 0) return
    const alertmanager = client()
    if (atMs - (await alertmanager.startedMs(signal)) < warmAfterMs) return
    const present = await alertmanager.alertFingerprints(signal)
    const missing = open.filter(({ fingerprint }) => !present.has(fingerprint))
    const earlier = missed
    missed = new Map(missing.map(({ id }) => [id, earlier.get(id) ?? atMs]))
    // One look may fall between two evaluations; what two looks in a row do not find is over.
    const over = missing.filter(({ id }) => earlier.has(id))
    const endOf = ({ id }: Notification) => missed.get(id) ?? atMs
    const isOwed = (one: Notification) => hearsEnds(one.receiver) && atMs - endOf(one) <= GIVE_UP_AFTER_MS
    for (const one of over) if (!isOwed(one)) await audit.close([one], endOf(one))
    const owed = new Map(over.filter(isOwed).map((one) => [one.fingerprint, one]))
    if (owed.size === 0) return
    const ended = [...owed.values()].map((one) => ({
      labels: one.labels,
      annotations: one.annotations,
      startsMs: one.startsMs,
      endsMs: endOf(one),
    }))
    await alertmanager.endAlerts(ended, signal)
    log.debug(
      { alerts: owed.size },
      'Alerts ended while they were muted; Alertmanager is told again that they are over.',
    )
  }
}
