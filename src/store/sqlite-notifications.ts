import type { DatabaseSync } from 'node:sqlite'
import { conditions, page, upsert } from './sqlite-page.ts'
import { maybeNum, maybeText, num, type Row, text, textMap, word } from './sqlite-row.ts'
import type { Notification, NotificationFilter, Paged } from './store.ts'

const COLUMNS = [
  'id',
  'receiver',
  'group_key',
  'group_labels',
  'group_size',
  'fingerprint',
  'alertname',
  'severity',
  'labels',
  'annotations',
  'gateway',
  'key',
  'status',
  'starts_ms',
  'fired_ms',
  'ends_ms',
  'resolved_ms',
  'incident_id',
  'latency_ms',
]
const STATUSES = ['firing', 'resolved'] as const

/** The rows of the notification audit. */
export interface NotificationRows {
  /** As Store.recordNotifications. */
  record(told: readonly Notification[]): readonly Notification[]
  list(filter: NotificationFilter): Paged<Notification>
}

export function notificationRows(db: DatabaseSync, inTransaction: (work: () => void) => void): NotificationRows {
  const one = db.prepare('SELECT * FROM notifications WHERE id = ?')
  const put = db.prepare(upsert('notifications', COLUMNS))
  const write = (row: Notification) =>
    put.run(
      row.id,
      row.receiver,
      row.groupKey,
      JSON.stringify(row.groupLabels),
      row.groupSize,
      row.fingerprint,
      row.alertname,
      row.severity,
      JSON.stringify(row.labels),
      JSON.stringify(row.annotations),
      row.gateway,
      row.key,
      row.status,
      row.startsMs,
      row.firedMs,
      row.endsMs,
      row.resolvedMs,
      row.incidentId,
      row.latencyMs,
    )

  return {
    record(told) {
      const changed: Notification[] = []
      inTransaction(() => {
        for (const row of told) {
          const found = one.get(row.id)
          const known = found === undefined ? null : notificationOf(found)
          if (known?.status === row.status) continue
          const now =
            known === null ? row : { ...known, status: row.status, endsMs: row.endsMs, resolvedMs: row.resolvedMs }
          write(now)
          changed.push(now)
        }
      })
      return changed
    },
    list(filter) {
      const where = conditions(filter, 'fired_ms')
      const { range } = filter
      if (range !== undefined) where.add('fired_ms >= ? AND fired_ms < ?', range.fromMs, range.toMs)
      for (const column of ['receiver', 'alertname', 'severity', 'status'] as const) {
        const wanted = filter[column]
        if (wanted !== undefined) where.add(`${column} = ?`, wanted)
      }
      return page(db, 'notifications', where, 'fired_ms', filter, notificationOf)
    },
  }
}

function notificationOf(row: Row): Notification {
  return {
    id: text(row, 'id'),
    receiver: text(row, 'receiver'),
    groupKey: text(row, 'group_key'),
    groupLabels: textMap(row, 'group_labels'),
    groupSize: num(row, 'group_size'),
    fingerprint: text(row, 'fingerprint'),
    alertname: text(row, 'alertname'),
    severity: text(row, 'severity'),
    labels: textMap(row, 'labels'),
    annotations: textMap(row, 'annotations'),
    gateway: maybeText(row, 'gateway'),
    key: maybeText(row, 'key'),
    status: word(row, 'status', STATUSES, 'resolved'),
    startsMs: num(row, 'starts_ms'),
    firedMs: num(row, 'fired_ms'),
    endsMs: maybeNum(row, 'ends_ms'),
    resolvedMs: maybeNum(row, 'resolved_ms'),
    incidentId: maybeText(row, 'incident_id'),
    latencyMs: maybeNum(row, 'latency_ms'),
  }
}
