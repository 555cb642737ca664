import { type Html, html } from '../../html.ts'
import type { PlannedEntry } from '../analysis.ts'
import { table } from './tables.ts'
import { type Section, selectionText, type Writing } from './writing.ts'

const MOST_ROWS = 60

/** Maintenance that was left out, with who planned it and why. */
export function maintenanceSection(planned: readonly PlannedEntry[], writing: Writing): Section {
  const { words, formats } = writing
  const title = words.sections.maintenance
  if (planned.length === 0) return { id: 'maintenance', title, body: html`<p>${words.maintenance.none}</p>` }
  const more = planned.length - MOST_ROWS
  return {
    id: 'maintenance',
    title,
    body: html`<p>${words.maintenance.text}</p>${plannedTable(planned.slice(0, MOST_ROWS), writing)}${
      more > 0 ? html`<p>${words.maintenance.more(formats.number(more))}</p>` : null
    }`,
  }
}

export function plannedTable(planned: readonly PlannedEntry[], writing: Writing): Html {
  const { words, formats } = writing
  const { columns } = words
  return table(
    words.sections.maintenance,
    [
      { name: columns.begin },
      { name: columns.end },
      { name: columns.about },
      { name: columns.author },
      { name: columns.reason },
    ],
    planned.map(({ startMs, endMs, select, author, reason }) => [
      html`<span class="when-cell">${formats.dateTime(startMs)}</span>`,
      html`<span class="when-cell">${formats.dateTime(endMs)}</span>`,
      html`<bdi>${selectionText(select, writing)}</bdi>`,
      author,
      reason,
    ]),
  )
}
