import type { Log } from '../log.ts'
import type { ArchivableStore } from './archive.ts'
import { replayOf } from './replay.ts'
import { accountRows } from './sqlite-accounts.ts'
import { sqliteArchive } from './sqlite-archive.ts'
import { sqliteDeliveries } from './sqlite-deliveries.ts'
import { storeErrorOf } from './sqlite-errors.ts'
import { eventRows } from './sqlite-events.ts'
import { openFile } from './sqlite-file.ts'
import { historyRows } from './sqlite-history.ts'
import { maintenanceRows } from './sqlite-maintenance.ts'
import { notificationRows } from './sqlite-notifications.ts'
import { sqliteReads } from './sqlite-reads.ts'
import { num } from './sqlite-row.ts'
import { subscriptionRows } from './sqlite-subscriptions.ts'
import { textMessageRows } from './sqlite-text-messages.ts'
import { upkeep } from './sqlite-upkeep.ts'
import { type Batch, type LoadedState, StoreError } from './store.ts'

/** Settings of the SQLite store. */
export interface SqliteStoreOptions {
  /** Database file, or `:memory:` for one that ends with the process. */
  readonly path: string
  /** Largest size in pages of 4 KiB, for tests of a full disk. */
  readonly maxPages?: number
}

/**
 * The embedded store: one file, node:sqlite, write-ahead log. Writes are synchronous and small (one row per batch, plus
 * a row per event), so that a batch is on its way to the disk when `write` returns; a locked file costs at most 50 ms.
 * `synchronous=NORMAL`: a killed process loses nothing that was written; a power cut may lose the last batches.
 * @throws StoreError as openFile does.
 */
export function sqliteStore(options: SqliteStoreOptions, log: Log): ArchivableStore {
  const { path } = options
  const file = openFile(path, options.maxPages)
  const { db } = file
  let open = true

  const onUnreadable = (what: string, error: unknown) => {
    log.error({ path, what, error: String(error) }, 'A row of the store cannot be read and is left out.')
  }
  const guarded = <T>(work: () => T): T => {
    if (!open) throw new StoreError('closed', `${path} is closed.`)
    try {
      return work()
    } catch (error) {
      throw storeErrorOf(error, path)
    }
  }

  const parts = guardedStart(() => {
    const getMeta = db.prepare('SELECT value FROM meta WHERE name = ?')
    const putMeta = db.prepare('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)')
    const meta = (name: string) => {
      const row = getMeta.get(name)
      return row === undefined ? 0 : num(row, 'value')
    }
    let expiredBeforeMs = meta('expired_before_ms')
    const accounts = accountRows(db, onUnreadable)
    const inTransaction = (work: () => void) => {
      db.exec('BEGIN IMMEDIATE')
      try {
        work()
        db.exec('COMMIT')
      } catch (error) {
        rollBack()
        accounts.settle(false)
        throw error
      }
      accounts.settle(true)
    }
    const history = historyRows(db, accounts.key, () => expiredBeforeMs, onUnreadable)
    const setExpiredBeforeMs = (beforeMs: number) => {
      putMeta.run('expired_before_ms', beforeMs)
      expiredBeforeMs = beforeMs
    }
    return {
      lastSeq: () => meta('seq'),
      setLastSeq: (seq: number) => putMeta.run('seq', seq),
      accounts,
      inTransaction,
      expiredBeforeMs: () => expiredBeforeMs,
      setExpiredBeforeMs,
      history,
      events: eventRows(db),
      notifications: notificationRows(db, inTransaction),
      textMessages: textMessageRows(db),
      maintenance: maintenanceRows(db, onUnreadable),
      subscriptions: subscriptionRows(db, onUnreadable),
      deliveries: sqliteDeliveries({ db, inTransaction, guarded }),
      upkeep: upkeep({
        db,
        accounts,
        history,
        inTransaction,
        isOpen: () => open,
        expiredBeforeMs: () => expiredBeforeMs,
        setExpiredBeforeMs,
      }),
    }
  })
  const { accounts, history, events, notifications, textMessages, maintenance, subscriptions } = parts

  function guardedStart<T>(start: () => T): T {
    try {
      return start()
    } catch (error) {
      file.close()
      throw storeErrorOf(error, path)
    }
  }

  function rollBack(): void {
    try {
      db.exec('ROLLBACK')
    } catch {
      // SQLite has rolled back by itself, as it does on a full disk; the error that led here is the one to tell.
    }
  }

  const write = (batch: Batch) => {
    const { seq, samples } = batch
    if (seq <= parts.lastSeq()) return
    parts.inTransaction(() => {
      if (samples.length > 0) {
        const entries = samples.map((sample) => ({ ref: accounts.refOrNew(sample.key), sample }))
        history.putJournal(seq, batch.atMs, entries)
      }
      for (const { account, health } of batch.ledgers) accounts.putLedger(account, health, seq)
      for (const incident of batch.incidents) events.putIncident(incident)
      for (const attempt of batch.recoveries) events.putRecovery(attempt)
      for (const transition of batch.transitions) events.putTransition(accounts.refOrNew(transition.key), transition)
      for (const key of batch.removed) accounts.dropLedger(key)
      parts.setLastSeq(seq)
    })
  }

  const load = (): LoadedState => {
    const replays = new Map(
      accounts.ledgers().map(({ ref, seq, account, health }) => [ref, { seq, account, replay: replayOf(health) }]),
    )
    const lastSeq = parts.lastSeq()
    let afterSeq = lastSeq
    for (const { seq } of replays.values()) afterSeq = Math.min(afterSeq, seq)
    for (;;) {
      const rows = history.journal(afterSeq, lastSeq, { from: 0, to: Number.POSITIVE_INFINITY })
      for (const { seq, entries } of rows) {
        for (const { ref, sample } of entries) {
          const ledger = replays.get(ref)
          if (ledger !== undefined && seq > ledger.seq) ledger.replay.take(sample)
        }
      }
      const last = rows.at(-1)
      if (last === undefined) break
      afterSeq = last.seq
    }
    return {
      nextSeq: lastSeq + 1,
      ledgers: [...replays.values()].map(({ account, replay }) => ({ account, health: replay.health() })),
      pendingRecoveries: events.pendingRecoveries(),
    }
  }

  return {
    kind: 'sqlite',
    archive: sqliteArchive({ db, guarded, ...parts }),
    load: async () => guarded(load),
    write: async (batch) => guarded(() => write(batch)),
    ...sqliteReads(guarded, { accounts, events, history }),
    recordNotifications: async (told) => guarded(() => notifications.record(told)),
    notifications: async (filter) => guarded(() => notifications.list(filter)),
    putTextMessage: async (message) => guarded(() => textMessages.put(message)),
    textMessage: async (id) => guarded(() => textMessages.one(id)),
    textMessages: async (filter) => guarded(() => textMessages.list(filter)),
    putMaintenance: async (record) => guarded(() => maintenance.put(record)),
    maintenance: async () => guarded(() => maintenance.all()),
    putSubscription: async (subscription) => guarded(() => subscriptions.put(subscription)),
    subscriptions: async () => guarded(() => subscriptions.all()),
    deliveries: parts.deliveries,
    async maintain(nowMs, retention, signal) {
      if (!open) throw new StoreError('closed', `${path} is closed.`)
      if (!file.isInPlace()) {
        throw new StoreError(
          'unavailable',
          `${path} was deleted or replaced while it was open; it will be opened again.`,
        )
      }
      try {
        return await parts.upkeep.slice(nowMs, retention, signal)
      } catch (error) {
        throw storeErrorOf(error, path)
      }
    },
    async close() {
      if (!open) return
      open = false
      file.close()
    },
  }
}
