import type { DatabaseSync } from 'node:sqlite'
import { text } from './sqlite-row.ts'
import type { ReportSubscription } from './store.ts'
import { readSubscription } from './stored-rows.ts'

/** The rows of those who had reports sent to somebody. */
export interface SubscriptionRows {
  put(subscription: ReportSubscription): void
  all(): readonly ReportSubscription[]
}

export function subscriptionRows(
  db: DatabaseSync,
  onUnreadable: (what: string, error: unknown) => void,
): SubscriptionRows {
  const put = db.prepare('INSERT OR REPLACE INTO subscriptions (id, created_ms, ended_ms, record) VALUES (?, ?, ?, ?)')
  const all = db.prepare('SELECT id, record FROM subscriptions ORDER BY created_ms, id')
  return {
    put(subscription) {
      const { id, createdMs, endedMs } = subscription
      put.run(id, createdMs, endedMs, JSON.stringify(subscription))
    },
    all() {
      return all.all().flatMap((row) => {
        try {
          return [readSubscription(text(row, 'id'), text(row, 'record'))]
        } catch (error) {
          onUnreadable(`subscription ${text(row, 'id')}`, error)
          return []
        }
      })
    },
  }
}
