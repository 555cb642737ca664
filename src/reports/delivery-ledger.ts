import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/**
 * How far the report of a period has come, for one recipient. `sending` is written before the last bytes of the message
 * leave us and `sent` after the mail server took it: what is found in between after a crash is `unsure`, and is not
 * sent again.
 */
export const DELIVERY_STATES = ['waiting', 'claimed', 'sending', 'sent', 'failed', 'unsure'] as const
export type DeliveryState = (typeof DELIVERY_STATES)[number]

/** One report of one schedule, for one recipient; recipient '' is the making of its files. */
export interface DeliveryKey {
  readonly schedule: string
  readonly period: string
  readonly recipient: string
}

export interface Delivery extends DeliveryKey {
  readonly state: DeliveryState
  /** Attempts so far. */
  readonly attempts: number
  readonly dueMs: number
  /** Not tried before. */
  readonly notBeforeMs: number
  readonly updatedMs: number
  /** What the mail server or the maker said last. */
  readonly detail: string
}

/** Stands for the making of the files among the recipients. */
export const FILES = ''

/**
 * Remembers what was made and sent, over crashes and between exporters that share the folder of reports. Every method
 * is one transaction. Throws the error of SQLite where the file cannot be written.
 */
export interface DeliveryLedger {
  /** When the schedule was first seen; now, for a new one. */
  since(schedule: string, nowMs: number): number
  /** Takes up a report with the recipients that it has now; nothing where it was taken up before. */
  enlist(
    report: Omit<DeliveryKey, 'recipient'> & { readonly dueMs: number },
    recipients: readonly string[],
    nowMs: number,
  ): void
  /**
   * Makes the delivery ours for `leaseMs`. False where it is done, not yet to be tried, or somebody else's. One whose
   * holder vanished while sending becomes `unsure`.
   */
  claim(key: DeliveryKey, nowMs: number, leaseMs: number): boolean
  /** Writes how it went on; only of a delivery that is ours. */
  mark(key: DeliveryKey, state: DeliveryState, nowMs: number, told?: { notBeforeMs?: number; detail?: string }): void
  get(key: DeliveryKey): Delivery | null
  /** Of a report, the files first. */
  of(schedule: string, period: string): readonly Delivery[]
  /** Every delivery of the latest reports, newest report first, the files before the recipients. @param reports how many reports */
  latest(reports: number): readonly Delivery[]
  /** All that is not done: waiting, claimed or sending. */
  unfinished(): readonly Delivery[]
  /** Forgets what was due before. */
  forget(beforeMs: number): void
  close(): void
}

const FILE_NAME = 'deliveries.db'
const WAIT_FOR_LOCK_MS = 5_000

/** Opens the ledger in the folder of reports, and makes both where they are missing. */
export function openDeliveryLedger(folder: string): DeliveryLedger {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const db = new DatabaseSync(join(folder, FILE_NAME))
  // FULL: a `sent` that a power cut takes back would be a second mail.
  db.exec(`
    PRAGMA busy_timeout = ${WAIT_FOR_LOCK_MS};
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS schedules (name TEXT PRIMARY KEY, since_ms INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS deliveries (
      schedule TEXT NOT NULL,
      period TEXT NOT NULL,
      recipient TEXT NOT NULL,
      state TEXT NOT NULL,
      attempts INTEGER NOT NULL,
      due_ms INTEGER NOT NULL,
      not_before_ms INTEGER NOT NULL,
      lease_until_ms INTEGER NOT NULL,
      updated_ms INTEGER NOT NULL,
      detail TEXT NOT NULL,
      PRIMARY KEY (schedule, period, recipient)
    ) WITHOUT ROWID;
  `)
  const key = 'schedule = ? AND period = ? AND recipient = ?'
  const sql = {
    addSchedule: db.prepare('INSERT OR IGNORE INTO schedules (name, since_ms) VALUES (?, ?)'),
    since: db.prepare('SELECT since_ms FROM schedules WHERE name = ?'),
    add: db.prepare("INSERT OR IGNORE INTO deliveries VALUES (?, ?, ?, 'waiting', 0, ?, 0, 0, ?, '')"),
    get: db.prepare(`SELECT * FROM deliveries WHERE ${key}`),
    // What died while it was being sent is settled for good; what died before that is tried again.
    doubt: db.prepare(
      `UPDATE deliveries SET state = 'unsure', updated_ms = ? WHERE ${key} AND state = 'sending' AND lease_until_ms <= ?`,
    ),
    claim: db.prepare(
      `UPDATE deliveries SET state = 'claimed', attempts = attempts + 1, lease_until_ms = ?, updated_ms = ?
       WHERE ${key} AND not_before_ms <= ? AND (state = 'waiting' OR (state = 'claimed' AND lease_until_ms <= ?))`,
    ),
    mark: db.prepare(
      `UPDATE deliveries SET state = ?, updated_ms = ?, not_before_ms = ?, detail = ? WHERE ${key} AND state IN ('claimed', 'sending')`,
    ),
    of: db.prepare('SELECT * FROM deliveries WHERE schedule = ? AND period = ? ORDER BY recipient'),
    latest: db.prepare(
      `SELECT d.* FROM deliveries d JOIN
         (SELECT schedule, period, due_ms FROM deliveries WHERE recipient = '' ORDER BY due_ms DESC, schedule LIMIT ?) r
         ON d.schedule = r.schedule AND d.period = r.period ORDER BY d.due_ms DESC, d.schedule, d.period, d.recipient`,
    ),
    unfinished: db.prepare(
      "SELECT * FROM deliveries WHERE state IN ('waiting', 'claimed', 'sending') ORDER BY due_ms, schedule, recipient",
    ),
    forget: db.prepare('DELETE FROM deliveries WHERE due_ms < ?'),
  }
  const keys = ({ schedule, period, recipient }: DeliveryKey) => [schedule, period, recipient] as const

  function atOnce<T>(work: () => T): T {
    db.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      db.exec('COMMIT')
      return result
    } catch (error) {
      db.exec('ROLLBACK')
      throw error
    }
  }

  return {
    since: (schedule, nowMs) =>
      atOnce(() => {
        sql.addSchedule.run(schedule, nowMs)
        return Number(sql.since.get(schedule)?.['since_ms'] ?? nowMs)
      }),
    enlist({ schedule, period, dueMs }, recipients, nowMs) {
      atOnce(() => {
        if (sql.add.run(schedule, period, FILES, dueMs, nowMs).changes === 0) return
        for (const recipient of recipients) sql.add.run(schedule, period, recipient, dueMs, nowMs)
      })
    },
    claim: (of, nowMs, leaseMs) =>
      atOnce(() => {
        if (sql.doubt.run(nowMs, ...keys(of), nowMs).changes > 0) return false
        return sql.claim.run(nowMs + leaseMs, nowMs, ...keys(of), nowMs, nowMs).changes > 0
      }),
    mark(of, state, nowMs, { notBeforeMs = 0, detail = '' } = {}) {
      sql.mark.run(state, nowMs, notBeforeMs, detail.slice(0, 300), ...keys(of))
    },
    get: (of) => {
      const row = sql.get.get(...keys(of))
      return row === undefined ? null : deliveryOf(row)
    },
    of: (schedule, period) => sql.of.all(schedule, period).map(deliveryOf),
    latest: (reports) => sql.latest.all(reports).map(deliveryOf),
    unfinished: () => sql.unfinished.all().map(deliveryOf),
    forget: (beforeMs) => void sql.forget.run(beforeMs),
    close() {
      if (db.isOpen) db.close()
    },
  }
}

function deliveryOf(row: Record<string, unknown>): Delivery {
  const state = DELIVERY_STATES.find((known) => known === row['state'])
  return {
    schedule: String(row['schedule']),
    period: String(row['period']),
    recipient: String(row['recipient']),
    // A later version's state is none that we may act on.
    state: state ?? 'unsure',
    attempts: Number(row['attempts']),
    dueMs: Number(row['due_ms']),
    notBeforeMs: Number(row['not_before_ms']),
    updatedMs: Number(row['updated_ms']),
    detail: String(row['detail']),
  }
}
