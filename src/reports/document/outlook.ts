import { html } from '../../html.ts'
import type { Analysis } from '../analysis.ts'
import { table } from './tables.ts'
import type { Section, Writing } from './writing.ts'

/** Who may miss the objective next time, and how sure that is. */
export function outlookSection({ fleet }: Analysis, { words, formats }: Writing): Section {
  const title = words.sections.outlook
  const { atRisk } = fleet
  const { columns } = words
  if (atRisk.length === 0) return { id: 'outlook', title, body: html`<p>${words.outlook.none}</p>` }
  const rows = atRisk.map(({ account, gateway, forecast }) => [
    html`<bdi>${account}</bdi>`,
    gateway,
    words.outlook.likelihood[forecast.likelihood],
    words.outlook.chance(formats.percent(forecast.missProbability), formats.percent(forecast.standardError)),
    words.outlook.range(formats.availability(forecast.p10), formats.availability(forecast.p90)),
  ])
  return {
    id: 'outlook',
    title,
    body: html`<div class="together"><p>${words.outlook.text}</p>${table(
      title,
      [
        { name: columns.account },
        { name: columns.gateway },
        { name: columns.verdict },
        { name: columns.chance, number: true },
        { name: columns.range, number: true },
      ],
      rows,
    )}<p class="dim">${words.outlook.method}</p></div>`,
  }
}
