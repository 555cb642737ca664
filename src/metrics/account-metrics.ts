import type { Account, AccountKey } from '../accounts/account.ts'
import type { AccountHealth } from '../health/health.ts'
import { ACCOUNT_COLUMNS, type AccountExtra, writeAccountRow } from './account-values.ts'
import { createColumns } from './columns.ts'
import { type AccountLabels, accountLabels } from './label-bytes.ts'

/** What the monitor tells of accounts. */
export interface AccountMetrics {
  /** Number of accounts on the page. */
  readonly size: number
  /** Takes over the present health of an account: numbers are written, labels are rebuilt only for a new account object. */
  set(account: Account, driver: string, health: AccountHealth, extra: AccountExtra): void
  /** Takes an account off the next page. An unknown key is no error. */
  remove(key: AccountKey): void
}

/** All accounts at one moment, safe from later updates; the next snapshot reuses its memory. */
export interface AccountSnapshot {
  /** Labels by row; null where the row is free. */
  readonly rows: readonly (AccountLabels | null)[]
  readonly columns: readonly Float64Array[]
  /** Number of rows in use, and the sums over them that a page's size is bounded with. */
  readonly accounts: number
  readonly commonBytes: number
  readonly infoBytes: number
}

interface Entry {
  readonly row: number
  account: Account
  driver: string
}

/**
 * Keeps the values of all accounts in typed columns.
 * @param showPhone how a phone number appears in labels (privacy)
 */
export function createAccountMetrics(showPhone: (phone: string) => string): AccountMetrics & {
  snapshot(): AccountSnapshot
} {
  const columns = createColumns(ACCOUNT_COLUMNS.length)
  const entries = new Map<AccountKey, Entry>()
  const labels: (AccountLabels | null)[] = []
  let commonBytes = 0
  let infoBytes = 0
  let copies: readonly Float64Array[] = []

  function label(row: number, next: AccountLabels | null): void {
    const old = labels[row] ?? null
    commonBytes += (next?.common.length ?? 0) - (old?.common.length ?? 0)
    infoBytes += (next?.info.length ?? 0) - (old?.info.length ?? 0)
    labels[row] = next
  }

  function relabel(entry: Entry): void {
    const phone = entry.account.phone === null ? '' : showPhone(entry.account.phone)
    label(entry.row, accountLabels(entry.account, entry.driver, phone))
  }

  return {
    get size() {
      return entries.size
    },
    set(account, driver, health, extra) {
      let entry = entries.get(account.key)
      if (entry === undefined) {
        entry = { row: columns.take(), account, driver }
        entries.set(account.key, entry)
        relabel(entry)
      } else if (entry.account !== account || entry.driver !== driver) {
        entry.account = account
        entry.driver = driver
        relabel(entry)
      }
      writeAccountRow(columns, entry.row, account.objective, health, extra)
    },
    remove(key) {
      const entry = entries.get(key)
      if (entry === undefined) return
      entries.delete(key)
      label(entry.row, null)
      columns.free(entry.row)
    },
    snapshot() {
      copies = columns.snapshot(copies)
      return { rows: labels.slice(), columns: copies, accounts: entries.size, commonBytes, infoBytes }
    },
  }
}
