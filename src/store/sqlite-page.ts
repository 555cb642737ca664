import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import type { AccountKey } from '../accounts/account.ts'
import { type Cursor, readCursor, writeCursor } from './cursor.ts'
import { num, type Row, text } from './sqlite-row.ts'
import type { Page, Paged } from './store.ts'

const LARGEST_PAGE = 1000

/** The WHERE of a list, piece by piece. */
export interface Conditions {
  readonly clauses: readonly string[]
  readonly values: readonly SQLInputValue[]
  add(clause: string, ...values: SQLInputValue[]): void
}

/** The conditions that every list of events has: accounts, gateway, and the place where the page begins. */
export function conditions(
  filter: Page & { readonly keys?: readonly AccountKey[] | undefined; readonly gateway?: string | undefined },
  timeColumn: string,
): Conditions {
  const clauses: string[] = ['TRUE']
  const values: SQLInputValue[] = []
  const add = (clause: string, ...more: SQLInputValue[]) => {
    clauses.push(clause)
    values.push(...more)
  }
  if (filter.keys !== undefined) add('key IN (SELECT value FROM json_each(?))', JSON.stringify(filter.keys))
  if (filter.gateway !== undefined) add('gateway = ?', filter.gateway)
  if (filter.cursor !== undefined) {
    const { atMs, id }: Cursor = readCursor(filter.cursor)
    add(`(${timeColumn}, id) < (?, ?)`, atMs, id)
  }
  return { clauses, values, add }
}

/** One page of a table with a unique `id`, newest first. */
export function page<T extends { readonly id: string }>(
  db: DatabaseSync,
  table: string,
  where: Conditions,
  timeColumn: string,
  filter: Page,
  read: (row: Row) => T,
): Paged<T> {
  const limit = pageLimit(filter)
  const rows = db
    .prepare(`SELECT * FROM ${table} WHERE ${where.clauses.join(' AND ')} ORDER BY ${timeColumn} DESC, id DESC LIMIT ?`)
    .all(...where.values, limit + 1)
  const items = rows.slice(0, limit).map(read)
  const last = rows[limit - 1]
  return rows.length > limit && last !== undefined
    ? { items, nextCursor: writeCursor({ atMs: num(last, timeColumn), id: text(last, 'id') }) }
    : { items }
}

/** The limit of a page as the contract allows it. */
export function pageLimit({ limit }: Page): number {
  return Math.min(Math.max(Math.trunc(limit), 1), LARGEST_PAGE)
}

/** Inserts a row, or replaces all but the id of the one that has it. */
export function upsert(table: string, columns: readonly string[]): string {
  const updates = columns.filter((column) => column !== 'id').map((column) => `${column} = excluded.${column}`)
  return `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})
    ON CONFLICT (id) DO UPDATE SET ${updates.join(', ')}`
}
