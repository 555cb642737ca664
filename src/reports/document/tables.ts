import { type Html, html } from '../../html.ts'

export interface Column {
  readonly name: string
  /** Right-aligned. */
  readonly number?: boolean
  /** CSS width. */
  readonly width?: string
}

/** A table whose first cell names its row. @param caption read aloud, not shown */
export function table(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly (Html | string)[])[],
): Html {
  const heads = columns.map(
    ({ name, number, width }) =>
      html`<th scope="col"${number === true ? html` class="n"` : null}${width === undefined ? null : html` style="width:${width}"`}>${name}</th>`,
  )
  const lines = rows.map(
    (cells) =>
      html`<tr>${cells.map((cell, index) => {
        const kind = columns[index]?.number === true ? html` class="n"` : null
        return index === 0 ? html`<th scope="row"${kind}>${cell}</th>` : html`<td${kind}>${cell}</td>`
      })}</tr>`,
  )
  return html`<div class="table-frame"><table aria-label="${caption}"><thead><tr>${heads}</tr></thead><tbody>${lines}</tbody></table></div>`
}
