import type { SQLOutputValue } from 'node:sqlite'
import { StoreError } from './store.ts'

/** One row as node:sqlite gives it. */
export type Row = Record<string, SQLOutputValue>

export function num(row: Row, column: string): number {
  const value = row[column]
  return typeof value === 'number' ? value : wrong(column, 'a number', value)
}

export function maybeNum(row: Row, column: string): number | null {
  return row[column] === null ? null : num(row, column)
}

export function text(row: Row, column: string): string {
  const value = row[column]
  return typeof value === 'string' ? value : wrong(column, 'text', value)
}

export function maybeText(row: Row, column: string): string | null {
  return row[column] === null ? null : text(row, column)
}

export function bytes(row: Row, column: string): Uint8Array {
  const value = row[column]
  return value instanceof Uint8Array ? value : wrong(column, 'bytes', value)
}

/** A JSON object of texts. */
export function textMap(row: Row, column: string): Readonly<Record<string, string>> {
  const value: unknown = JSON.parse(text(row, column))
  if (typeof value !== 'object' || value === null) return {}
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, String(member)]))
}

/** A word of a closed list; one that a later version wrote reads as `fallback`. */
export function word<Word extends string>(row: Row, column: string, words: readonly Word[], fallback: Word): Word {
  const value = row[column]
  return words.find((known) => known === value) ?? fallback
}

function wrong(column: string, wanted: string, value: SQLOutputValue | undefined): never {
  throw new StoreError(
    'corrupt',
    `Column ${column} should hold ${wanted}, but holds ${value === null ? 'null' : typeof value}.`,
  )
}
