import { StoreError } from './store.ts'

/**
 * A place in a list that is ordered by time and then id. Rows that are added later move nothing: the next page goes on
 * behind the last row that was given, not behind the n-th.
 */
export interface Cursor {
  readonly atMs: number
  readonly id: string
}

/** Opaque to callers, safe in a URL. */
export function writeCursor({ atMs, id }: Cursor): string {
  return Buffer.from(`${atMs} ${id}`, 'utf8').toString('base64url')
}

/** @throws StoreError `bad_cursor` where the text was not made by writeCursor. */
export function readCursor(text: string): Cursor {
  const found = /^(-?\d{1,16}) (.+)$/s.exec(Buffer.from(text, 'base64url').toString('utf8'))
  const [, atMs, id] = found ?? []
  if (atMs === undefined || id === undefined || writeCursor({ atMs: Number(atMs), id }) !== text) {
    throw new StoreError(
      'bad_cursor',
      `The cursor "${text.slice(0, 80)}" is not one that this store gave. Ask for the first page again, without cursor.`,
    )
  }
  return { atMs: Number(atMs), id }
}
