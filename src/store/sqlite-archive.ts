import type { DatabaseSync } from 'node:sqlite'
import type { Archive, SummaryRow } from './archive.ts'
import type { Sums } from './history-sums.ts'
import { readAccount } from './ledger.ts'
import type { AccountRows } from './sqlite-accounts.ts'
import { SUM_COLUMNS, sumsOfRow, sumValues } from './sqlite-history.ts'
import { bytes, maybeNum, maybeText, num, text } from './sqlite-row.ts'
import { DAY_MS, DAYS, HOUR_MS, REFS } from './sqlite-schema.ts'

export interface SqliteArchiveParts {
  readonly db: DatabaseSync
  readonly accounts: AccountRows
  readonly inTransaction: (work: () => void) => void
  readonly expiredBeforeMs: () => number
  readonly setExpiredBeforeMs: (beforeMs: number) => void
  /** Says every failure in words of the contract. */
  readonly guarded: <T>(work: () => T) => T
}

export function sqliteArchive(parts: SqliteArchiveParts): Archive {
  const { db, accounts, inTransaction, guarded } = parts
  const put = (table: string, columns: string, values: readonly (number | Uint8Array)[]) =>
    db.prepare(`INSERT INTO ${table} (${columns}) VALUES (${values.map(() => '?').join(', ')})`).run(...values)
  const putSummary = ({ key, fromMs, sums, samples }: SummaryRow) => {
    const ref = accounts.refOrNew(key)
    const known = sumValues(sums)
    if (samples === null) put('days', `id, ${SUM_COLUMNS}`, [ref * DAYS + fromMs / DAY_MS, ...known])
    else {
      const id = (fromMs / HOUR_MS) * REFS + ref
      put('hours', `id, through_seq, ${SUM_COLUMNS}, samples`, [id, -1, ...known, samples])
    }
  }

  return {
    accounts: async () =>
      guarded(() =>
        db
          .prepare('SELECT key, account FROM accounts')
          .all()
          .map((row) => {
            const account = maybeText(row, 'account')
            return { key: text(row, 'key'), account: account === null ? null : readAccount(account) }
          }),
      ),
    summaries: async (key) =>
      guarded(() => {
        const ref = accounts.ref(key)
        if (ref === undefined) return []
        const row = (fromMs: number, sums: Sums, samples: Uint8Array | null) => ({ key, fromMs, sums, samples })
        const found: SummaryRow[] = []
        // Rows lie by hour and then account: one look per hour, not one walk over all accounts.
        const span = db.prepare('SELECT min(id) AS first, max(id) AS last FROM hours').get() ?? {}
        const oneHour = db.prepare(`SELECT ${SUM_COLUMNS}, samples FROM hours WHERE id = ?`)
        const firstHour = Math.floor((maybeNum(span, 'first') ?? 0) / REFS)
        const lastHour = Math.floor((maybeNum(span, 'last') ?? -1) / REFS)
        for (let hour = firstHour; hour <= lastHour; hour++) {
          const one = oneHour.get(hour * REFS + ref)
          if (one !== undefined) found.push(row(hour * HOUR_MS, sumsOfRow(one), bytes(one, 'samples')))
        }
        const days = db.prepare(`SELECT id, ${SUM_COLUMNS} FROM days WHERE id >= ? AND id < ? ORDER BY id`)
        for (const day of days.all(ref * DAYS, (ref + 1) * DAYS)) {
          found.push(row((num(day, 'id') - ref * DAYS) * DAY_MS, sumsOfRow(day), null))
        }
        return found
      }),
    expiredBeforeMs: async () => guarded(parts.expiredBeforeMs),
    describe: async (described) =>
      guarded(() =>
        inTransaction(() => {
          for (const account of described) accounts.describe(account)
        }),
      ),
    putSummaries: async (rows) => guarded(() => inTransaction(() => rows.forEach(putSummary))),
    setExpiredBeforeMs: async (beforeMs) => guarded(() => parts.setExpiredBeforeMs(beforeMs)),
  }
}
