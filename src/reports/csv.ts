/** A value of a table; null is an empty field. */
export type Cell = string | number | boolean | null

/** One column: its name, what the data dictionary says of it, and how it is read off a row. */
export interface Column<Row> {
  readonly name: string
  /** `text`, `seconds`, `ratio`, `count`, `timestamp` (RFC 3339, UTC), `boolean` or `score`. */
  readonly type: 'text' | 'seconds' | 'ratio' | 'count' | 'timestamp' | 'boolean' | 'score'
  readonly meaning: string
  readonly cell: (row: Row) => Cell
}

const RISKY = /^[\s]*[=+\-@\t\r]|^[\t\r]/

/** The header line of a table. */
export function csvHeader(columns: readonly { readonly name: string }[]): string {
  return csvLine(columns.map(({ name }) => name))
}

/** The line of one row. */
export function csvRow<Row>(columns: readonly Column<Row>[], row: Row): string {
  return csvLine(columns.map(({ cell }) => cell(row)))
}

/**
 * One line of RFC 4180, ended by CRLF. Text that a spreadsheet would take for a formula (it begins with `=`, `+`, `-`,
 * `@`, tab or carriage return, also behind blanks) gets an apostrophe in front, as OWASP advises; numbers are never touched.
 */
export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(field).join(',')}\r\n`
}

function field(cell: Cell): string {
  if (cell === null) return ''
  if (typeof cell === 'number') return Number.isFinite(cell) ? String(cell) : ''
  if (typeof cell === 'boolean') return String(cell)
  const safe = RISKY.test(cell) ? `'${cell}` : cell
  return /[",\r\n]/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll('"', '""')}"` : safe
}
