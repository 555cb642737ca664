import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { Log } from '../log.ts'
import { readAccount } from './ledger.ts'
import type { KnownAccount, StoreReader } from './reader.ts'
import { accountRows } from './sqlite-accounts.ts'
import { storeErrorOf } from './sqlite-errors.ts'
import { eventRows } from './sqlite-events.ts'
import { historyRows } from './sqlite-history.ts'
import { maintenanceRows } from './sqlite-maintenance.ts'
import { sqliteReads } from './sqlite-reads.ts'
import { num, text } from './sqlite-row.ts'
import { SCHEMA_VERSION, schemaVersion } from './sqlite-schema.ts'
import { StoreError } from './store.ts'

// Who reads beside the exporter may wait for it; it holds up nobody.
const BUSY_TIMEOUT_MS = 5000

/**
 * Opens the store's file for reading only, beside the exporter that has it open or without one. Nothing is made,
 * migrated or repaired.
 * @throws StoreError `unavailable` where there is no file, or one that an exporter of this version has never opened;
 * `newer_schema`, `corrupt`, `locked` as the store itself.
 */
export function sqliteReader(path: string, log: Log): StoreReader {
  if (!existsSync(path)) {
    throw new StoreError('unavailable', `There is no store at ${path}. Check store.path, or run the exporter first.`)
  }
  try {
    const db = new DatabaseSync(path, { readOnly: true })
    try {
      return readerOf(db, path, log)
    } catch (error) {
      db.close()
      throw error
    }
  } catch (error) {
    throw storeErrorOf(error, path)
  }
}

function readerOf(db: DatabaseSync, path: string, log: Log): StoreReader {
  db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`)
  if (schemaVersion(db, path) < SCHEMA_VERSION) {
    throw new StoreError(
      'unavailable',
      `${path} was written by an older version. Run the exporter of this version once: it brings the file up to date.`,
    )
  }
  let open = true
  const guarded = <T>(work: () => T): T => {
    if (!open) throw new StoreError('closed', `${path} is closed.`)
    try {
      return work()
    } catch (error) {
      throw storeErrorOf(error, path)
    }
  }
  const onUnreadable = (what: string, error: unknown) => {
    log.error({ path, what, error: String(error) }, 'A row of the store cannot be read and is left out.')
  }
  const expired = db.prepare("SELECT value FROM meta WHERE name = 'expired_before_ms'")
  const expiredBeforeMs = () => {
    const row = expired.get()
    return row === undefined ? 0 : num(row, 'value')
  }
  const described = db.prepare(
    'SELECT key, account, ledgers.ref IS NULL AS gone FROM accounts LEFT JOIN ledgers USING (ref) WHERE account IS NOT NULL ORDER BY key',
  )
  const accounts = accountRows(db, onUnreadable)
  const history = historyRows(db, accounts.key, expiredBeforeMs, onUnreadable)
  const events = eventRows(db)
  const maintenance = maintenanceRows(db, onUnreadable)

  return {
    accounts: async () =>
      guarded(() =>
        described.all().flatMap((row): readonly KnownAccount[] => {
          try {
            return [{ account: readAccount(text(row, 'account')), gone: num(row, 'gone') === 1 }]
          } catch (error) {
            onUnreadable(`account ${text(row, 'key')}`, error)
            return []
          }
        }),
      ),
    ...sqliteReads(guarded, { accounts, events, history }),
    maintenance: async () => guarded(() => maintenance.all()),
    async close() {
      if (!open) return
      open = false
      db.close()
    },
  }
}
