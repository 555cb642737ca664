import type { DatabaseSync } from 'node:sqlite'
import { text } from './sqlite-row.ts'
import type { MaintenanceRecord } from './store.ts'

/** The rows of the calendar. */
export interface MaintenanceRows {
  put(record: MaintenanceRecord): void
  all(): readonly MaintenanceRecord[]
}

export function maintenanceRows(
  db: DatabaseSync,
  onUnreadable: (what: string, error: unknown) => void,
): MaintenanceRows {
  const put = db.prepare('INSERT OR REPLACE INTO maintenance (kind, id, at_ms, over_ms, record) VALUES (?, ?, ?, ?, ?)')
  const all = db.prepare('SELECT id, record FROM maintenance ORDER BY at_ms, kind, id')
  return {
    put(record) {
      const atMs = record.kind === 'plan' ? record.createdMs : record.endedMs
      put.run(record.kind, record.id, atMs, overMs(record), JSON.stringify(record))
    },
    all() {
      return all.all().flatMap((row) => {
        try {
          // The text was written by `put` of this or an earlier version.
          return [JSON.parse(text(row, 'record')) as MaintenanceRecord]
        } catch (error) {
          onUnreadable(`maintenance ${text(row, 'id')}`, error)
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
