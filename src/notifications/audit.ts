import { createHash } from 'node:crypto'
import { accountKey } from '../accounts/account.ts'
import type { Incident } from '../health/health.ts'
import type { Notification, Store } from '../store/store.ts'
import { type Alert, type AlertMessage, labelOf } from './alert-message.ts'

/** What a receiver was told, for the counters. */
export type Told = 'firing' | 'resolved'

/** The record of what Alertmanager told whom. */
export interface NotificationAudit {
  /**
   * Records one message. A message that comes again, because Alertmanager heard no answer or repeats itself, changes
   * nothing. Returns what is new. Rejects with StoreError where it could not be written; Alertmanager then tries again.
   */
  record(message: AlertMessage): Promise<readonly Notification[]>
  /**
   * Closes notifications whose alert ended without a message: while it was silenced or inhibited, Alertmanager says
   * nothing. @param endedMs when it was seen to be over
   */
  close(open: readonly Notification[], endedMs: number): Promise<void>
  /** Calls the listener for everything that is new from now on; returns how to stop that. */
  follow(listener: (notification: Notification) => void): () => void
}

export interface AuditParts {
  readonly store: Pick<Store, 'recordNotifications' | 'incidents'>
  readonly nowMs: () => number
  /** One message told something new to a receiver. */
  readonly counted: (receiver: string, status: Told) => void
}

/** Most incidents that one message may be about; also the largest page of the store. */
const MAX_INCIDENTS = 1000

export function notificationAudit({ store, nowMs, counted }: AuditParts): NotificationAudit {
  const listeners = new Set<(notification: Notification) => void>()
  const publish = (changed: readonly Notification[]) => {
    for (const notification of changed) for (const listener of listeners) listener(notification)
  }

  return {
    async record(message) {
      const atMs = nowMs()
      const incidents = await incidentsOf(message, atMs)
      const told = message.alerts.map((alert) => notificationOf(message, alert, incidents, atMs))
      const changed = await store.recordNotifications(told)
      for (const status of ['firing', 'resolved'] as const)
        if (changed.some((one) => one.status === status)) counted(message.receiver, status)
      publish(changed)
      return changed
    },
    async close(open, endedMs) {
      const over = open.map((one): Notification => ({ ...one, status: 'resolved', endsMs: endedMs, resolvedMs: null }))
      publish(await store.recordNotifications(over))
    },
    follow(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }

  async function incidentsOf({ alerts }: AlertMessage, atMs: number): Promise<readonly Incident[]> {
    const firing = alerts.filter((alert) => alert.status === 'firing' && keyOf(alert) !== null)
    if (firing.length === 0) return []
    const keys = [...new Set(firing.flatMap((alert) => keyOf(alert) ?? []))]
    const fromMs = Math.min(...firing.map(({ startsMs }) => startsMs))
    const page = await store.incidents({
      keys,
      range: { fromMs, toMs: Math.max(atMs, fromMs) + 1 },
      limit: MAX_INCIDENTS,
    })
    return page.items
  }
}

function notificationOf(
  { receiver, groupKey, groupLabels, truncatedAlerts, alerts }: AlertMessage,
  alert: Alert,
  incidents: readonly Incident[],
  atMs: number,
): Notification {
  const key = keyOf(alert)
  const isOver = alert.status === 'resolved'
  const incident = incidents.find(
    (one) => one.key === key && one.startMs <= alert.startsMs && (one.endMs === null || one.endMs >= alert.startsMs),
  )
  return {
    id: idOf(receiver, groupKey, alert),
    receiver,
    groupKey,
    groupLabels,
    groupSize: alerts.length + truncatedAlerts,
    fingerprint: alert.fingerprint,
    alertname: labelOf(alert, 'alertname'),
    severity: labelOf(alert, 'severity'),
    labels: alert.labels,
    annotations: alert.annotations,
    gateway: alert.labels['gateway'] ?? null,
    key,
    status: alert.status,
    startsMs: alert.startsMs,
    firedMs: atMs,
    endsMs: isOver ? (alert.endsMs ?? atMs) : null,
    resolvedMs: isOver ? atMs : null,
    incidentId: incident?.id ?? null,
    latencyMs: incident === undefined ? null : Math.max(0, atMs - incident.startMs),
  }
}

function keyOf({ labels: { gateway, account } }: Alert): string | null {
  return gateway === undefined || account === undefined ? null : accountKey(gateway, account)
}

/** A firing is one alert from one start on; what it was told in, and to whom, makes it one notification. */
function idOf(receiver: string, groupKey: string, { fingerprint, startsMs }: Alert): string {
  const parts = JSON.stringify([receiver, groupKey, fingerprint, startsMs])
  return createHash('sha256').update(parts).digest('base64url').slice(0, 22)
}
