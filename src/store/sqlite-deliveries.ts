import type { DatabaseSync } from 'node:sqlite'
import {
  DELIVERY_STATES,
  DETAIL_LENGTH,
  type Delivery,
  type DeliveryKey,
  type DeliveryLedger,
  FILES,
  freshDelivery,
} from './deliveries.ts'
import { num, type Row, text, word } from './sqlite-row.ts'

export interface SqliteDeliveriesParts {
  readonly db: DatabaseSync
  readonly inTransaction: (work: () => void) => void
  /** Says every failure in words of the contract. */
  readonly guarded: <T>(work: () => T) => T
}

const KEY = 'schedule = ? AND period = ? AND recipient = ?'

/** The record of reports in the store's file. */
export function sqliteDeliveries({ db, inTransaction, guarded }: SqliteDeliveriesParts): DeliveryLedger {
  const sql = {
    addSchedule: db.prepare('INSERT OR IGNORE INTO report_schedules (name, since_ms) VALUES (?, ?)'),
    since: db.prepare('SELECT since_ms FROM report_schedules WHERE name = ?'),
    schedules: db.prepare('SELECT name, since_ms FROM report_schedules ORDER BY name'),
    add: db.prepare(
      `INSERT OR IGNORE INTO report_deliveries
       (schedule, period, recipient, state, attempts, due_ms, not_before_ms, lease_until_ms, updated_ms, told_late, detail)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    get: db.prepare(`SELECT * FROM report_deliveries WHERE ${KEY}`),
    // What died while it was being sent is settled for good; what died before that is tried again.
    doubt: db.prepare(
      `UPDATE report_deliveries SET state = 'unsure', updated_ms = ? WHERE ${KEY} AND state = 'sending' AND lease_until_ms <= ?`,
    ),
    claim: db.prepare(
      `UPDATE report_deliveries SET state = 'claimed', attempts = attempts + 1, lease_until_ms = ?, updated_ms = ?
       WHERE ${KEY} AND not_before_ms <= ? AND (state = 'waiting' OR (state = 'claimed' AND lease_until_ms <= ?))
       RETURNING attempts`,
    ),
    mark: db.prepare(
      `UPDATE report_deliveries SET state = ?, updated_ms = ?, not_before_ms = ?,
         detail = coalesce(?, detail)
       WHERE ${KEY} AND attempts = ? AND (state IN ('claimed', 'sending') OR (state = 'unsure' AND ? = 'sent'))`,
    ),
    renew: db.prepare(
      `UPDATE report_deliveries SET lease_until_ms = ? WHERE ${KEY} AND attempts = ? AND state IN ('claimed', 'sending')`,
    ),
    tellLate: db.prepare(`UPDATE report_deliveries SET told_late = 1 WHERE ${KEY} AND told_late = 0`),
    latest: db.prepare(
      `SELECT d.* FROM report_deliveries d JOIN
         (SELECT schedule, period FROM report_deliveries WHERE recipient = '${FILES}'
          ORDER BY due_ms DESC, schedule, period LIMIT ?) r
         ON d.schedule = r.schedule AND d.period = r.period ORDER BY d.due_ms DESC, d.schedule, d.period, d.recipient`,
    ),
    unfinished: db.prepare(
      "SELECT * FROM report_deliveries WHERE state IN ('waiting', 'claimed', 'sending') ORDER BY due_ms, schedule, period, recipient",
    ),
    all: db.prepare('SELECT * FROM report_deliveries ORDER BY schedule, period, recipient'),
    forget: db.prepare('DELETE FROM report_deliveries WHERE due_ms < ?'),
  }
  const keys = ({ schedule, period, recipient }: DeliveryKey) => [schedule, period, recipient] as const
  const get = (key: DeliveryKey) => {
    const row = sql.get.get(...keys(key))
    return row === undefined ? null : deliveryOf(row)
  }
  const add = ({ state, attempts, dueMs, notBeforeMs, leaseUntilMs, updatedMs, ...rest }: Delivery) =>
    sql.add.run(
      ...keys(rest),
      state,
      attempts,
      dueMs,
      notBeforeMs,
      leaseUntilMs,
      updatedMs,
      Number(rest.isToldLate),
      rest.detail,
    ).changes > 0

  /** One transaction that has reached the disk when it returns: a `sent` that a power cut took back would be a second mail. */
  function durably<T>(work: () => T): T {
    return guarded(() => {
      db.exec('PRAGMA synchronous = FULL')
      try {
        let result: { readonly value: T } | undefined
        inTransaction(() => {
          result = { value: work() }
        })
        if (result === undefined) throw new Error('the transaction did not run')
        return result.value
      } finally {
        db.exec('PRAGMA synchronous = NORMAL')
      }
    })
  }

  return {
    since: async (schedule, nowMs) =>
      guarded(() => {
        sql.addSchedule.run(schedule, nowMs)
        return num(sql.since.get(schedule) ?? {}, 'since_ms')
      }),
    enlist: async (report, recipients, nowMs) =>
      durably(() => {
        if (!add(freshDelivery(report, FILES, nowMs))) return
        for (const recipient of recipients) add(freshDelivery(report, recipient, nowMs))
      }),
    claim: async (key, nowMs, leaseMs) =>
      durably(() => {
        if (sql.doubt.run(nowMs, ...keys(key), nowMs).changes > 0) return { outcome: 'doubtful' }
        const claimed = sql.claim.get(nowMs + leaseMs, nowMs, ...keys(key), nowMs, nowMs)
        return claimed === undefined ? { outcome: 'refused' } : { outcome: 'ours', attempt: num(claimed, 'attempts') }
      }),
    mark: async (key, attempt, nowMs, { state, notBeforeMs = 0, detail }) =>
      durably(() => {
        const told = detail?.slice(0, DETAIL_LENGTH) ?? null
        return sql.mark.run(state, nowMs, notBeforeMs, told, ...keys(key), attempt, state).changes > 0
      }),
    renew: async (key, attempt, leaseUntilMs) => guarded(() => void sql.renew.run(leaseUntilMs, ...keys(key), attempt)),
    tellLate: async (key) => guarded(() => sql.tellLate.run(...keys(key)).changes > 0),
    get: async (key) => guarded(() => get(key)),
    latest: async (reports) => guarded(() => sql.latest.all(reports).map(deliveryOf)),
    unfinished: async () => guarded(() => sql.unfinished.all().map(deliveryOf)),
    forget: async (beforeMs) => guarded(() => void sql.forget.run(beforeMs)),
    content: async () =>
      guarded(() => ({
        schedules: sql.schedules.all().map((row) => ({ name: text(row, 'name'), sinceMs: num(row, 'since_ms') })),
        deliveries: sql.all.all().map(deliveryOf),
      })),
    adopt: async ({ schedules, deliveries }) =>
      durably(() => {
        for (const { name, sinceMs } of schedules) sql.addSchedule.run(name, sinceMs)
        for (const delivery of deliveries) add(delivery)
      }),
  }
}

function deliveryOf(row: Row): Delivery {
  return {
    schedule: text(row, 'schedule'),
    period: text(row, 'period'),
    recipient: text(row, 'recipient'),
    // A later version's state is none that we may act on.
    state: word(row, 'state', DELIVERY_STATES, 'unsure'),
    attempts: num(row, 'attempts'),
    dueMs: num(row, 'due_ms'),
    notBeforeMs: num(row, 'not_before_ms'),
    leaseUntilMs: num(row, 'lease_until_ms'),
    updatedMs: num(row, 'updated_ms'),
    isToldLate: num(row, 'told_late') === 1,
    detail: text(row, 'detail'),
  }
}
