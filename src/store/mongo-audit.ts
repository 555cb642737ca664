import { isDuplicateKey } from './mongo-errors.ts'
import { conditions, equals, page, within } from './mongo-page.ts'
import type { Collections, NotificationDoc, TextMessageDoc } from './mongo-schema.ts'
import type { MaintenanceRecord, Notification, Store, TextMessage } from './store.ts'
import { readRow, readSubscription, StoredNotification, StoredTextMessage } from './stored-rows.ts'

/** What was told to whom, the calendar, and who is to be told: written at once, not with the batches. */
export type AuditRows = Pick<
  Store,
  | 'recordNotifications'
  | 'notifications'
  | 'putTextMessage'
  | 'textMessage'
  | 'textMessages'
  | 'putMaintenance'
  | 'maintenance'
  | 'putSubscription'
  | 'subscriptions'
>

export function auditRows(
  { notifications, textMessages, maintenance, subscriptions }: Collections,
  onUnreadable: (what: string, error: unknown) => void,
): AuditRows {
  /** Null where nothing changed: the notification is known with this status. */
  const record = async ({ id, ...rest }: Notification): Promise<Notification | null> => {
    const { status, endsMs, resolvedMs } = rest
    const changed = await notifications.findOneAndUpdate(
      { _id: id, status: { $ne: status } },
      { $set: { status, endsMs, resolvedMs } },
      { returnDocument: 'after' },
    )
    if (changed !== null) return notificationOf(changed)
    try {
      await notifications.insertOne({ _id: id, ...rest })
      return { id, ...rest }
    } catch (error) {
      if (isDuplicateKey(error)) return null
      throw error
    }
  }

  return {
    async recordNotifications(told) {
      const changed: Notification[] = []
      // One after another: a message may tell of the same alert twice.
      for (const notification of told) {
        const now = await record(notification)
        if (now !== null) changed.push(now)
      }
      return changed
    },
    notifications(filter) {
      const { range, receiver, alertname, severity, status } = filter
      const where = conditions(
        filter,
        within('firedMs', range),
        equals('receiver', receiver),
        equals('alertname', alertname),
        equals('severity', severity),
        equals('status', status),
      )
      return page(notifications, where, 'firedMs', filter, notificationOf)
    },
    async putTextMessage({ id, ...rest }) {
      await textMessages.replaceOne({ _id: id }, rest, { upsert: true })
    },
    async textMessage(id) {
      const found = await textMessages.findOne({ _id: id })
      return found === null ? null : textMessageOf(found)
    },
    textMessages(filter) {
      const { range, receiver, status } = filter
      const where = conditions(
        { limit: filter.limit },
        within('atMs', range),
        equals('receiver', receiver),
        equals('status', status),
      )
      return page(textMessages, where, 'atMs', filter, textMessageOf)
    },
    async putMaintenance(record) {
      const atMs = record.kind === 'plan' ? record.createdMs : record.endedMs
      await maintenance.replaceOne(
        { _id: `${record.kind} ${record.id}` },
        { atMs, overMs: overMs(record), record: JSON.stringify(record) },
        { upsert: true },
      )
    },
    async maintenance() {
      const found = await maintenance.find({}).sort({ atMs: 1, _id: 1 }).toArray()
      // The text was written by putMaintenance of this or an earlier version.
      return found.map(({ record }) => JSON.parse(record) as MaintenanceRecord)
    },
    async putSubscription(subscription) {
      const { id, createdMs, endedMs } = subscription
      await subscriptions.replaceOne(
        { _id: id },
        { createdMs, endedMs, record: JSON.stringify(subscription) },
        { upsert: true },
      )
    },
    async subscriptions() {
      const found = await subscriptions.find({}).sort({ createdMs: 1, _id: 1 }).toArray()
      return found.flatMap(({ _id, record: written }) => {
        try {
          return [readSubscription(_id, written)]
        } catch (error) {
          onUnreadable(`subscription ${_id}`, error)
          return []
        }
      })
    },
  }
}

/** From when on nothing of the record lies ahead; null for a plan that goes on. */
function overMs(record: MaintenanceRecord): number | null {
  if (record.kind === 'early_end' || record.endedMs !== null) return record.endedMs
  return record.spec.kind === 'once' ? record.spec.endMs : null
}

function notificationOf({ _id, ...rest }: NotificationDoc): Notification {
  return readRow(StoredNotification, `Notification ${_id}`, { ...rest, id: _id })
}

function textMessageOf({ _id, ...rest }: TextMessageDoc): TextMessage {
  return readRow(StoredTextMessage, `Text message ${_id}`, { ...rest, id: _id })
}
