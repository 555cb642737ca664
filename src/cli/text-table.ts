/** Control characters, line separators and the marks that turn the direction of text: they forge lines or steer a terminal. */
const HARMFUL = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** A text from a gateway as it may go to a terminal. */
export function printable(text: string): string {
  return text.replace(HARMFUL, '\ufffd')
}

/**
 * Columns of text with two blanks between them. Cells are made printable, and cut where a column would grow beyond
 * `maxCell` characters; the last column runs free.
 */
export function textTable(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  maxCell = 40,
): readonly string[] {
  const lines = [heads, ...rows].map((cells) =>
    cells.map((cell, column) => (column === heads.length - 1 ? printable(cell) : shortened(printable(cell), maxCell))),
  )
  const widths = heads.map((_, column) => lines.reduce((most, cells) => Math.max(most, lengthOf(cells[column])), 0))
  return lines.map((cells) =>
    cells
      .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - lengthOf(cell))))
      .join('  ')
      .trimEnd(),
  )
}

/** Cuts a text to so many characters, the last of them an ellipsis. */
export function shortened(text: string, most: number): string {
  const characters = Array.from(text)
  return characters.length <= most ? text : `${characters.slice(0, Math.max(0, most - 1)).join('')}…`
}

function lengthOf(text = ''): number {
  return Array.from(text).length
}
