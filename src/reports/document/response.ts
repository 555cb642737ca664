import { type Html, html } from '../../html.ts'
import type { Analysis, DayFigures, ResponseTimes } from '../analysis.ts'
import { responseLines } from '../charts/response-lines.ts'
import { axisNames } from './availability.ts'
import { table } from './tables.ts'
import { accountName, type Section, type Writing } from './writing.ts'

const MOST_SLOW = 5

export function responseSection(analysis: Analysis, writing: Writing): Section {
  const { words, formats } = writing
  const { fleet } = analysis
  const title = words.sections.response
  const chart = responseChart(fleet, writing)
  if (chart === null) return { id: 'response', title, body: html`<p>${words.response.none}</p>` }
  const { p50Ms, p95Ms, p99Ms } = fleet.response
  const slowest = analysis.accounts
    .filter(({ response }) => response.p95Ms !== null)
    .toSorted((a, b) => (b.response.p95Ms ?? 0) - (a.response.p95Ms ?? 0))
    .slice(0, MOST_SLOW)
  const { columns } = words
  const numbers = [columns.p50, columns.p95, columns.p99].map((name) => ({ name, number: true }))
  const rows = slowest.map(({ account, response }) => [
    accountName(account),
    account.gateway,
    formats.response(response.p50Ms),
    formats.response(response.p95Ms),
    formats.response(response.p99Ms),
  ])
  return {
    id: 'response',
    title,
    body: html`<div class="together"><p>${words.response.text(formats.response(p50Ms), formats.response(p95Ms), formats.response(p99Ms))}</p>${chart}</div>${
      fleet.accounts > 1
        ? html`<div class="together"><h3>${columns.slowest}</h3>${table(columns.slowest, [{ name: columns.account }, { name: columns.gateway }, ...numbers], rows)}</div>`
        : null
    }`,
  }
}

/** Null where no check was answered. */
export function responseChart(
  of: { readonly days: readonly DayFigures[]; readonly response: ResponseTimes },
  { words, formats }: Writing,
  width?: number,
): Html | null {
  const names = axisNames(of.days, formats, width)
  const points = of.days.map(({ meanResponseMs }, index) => ({ name: names[index] ?? '', meanMs: meanResponseMs }))
  const { p50Ms, p95Ms, p99Ms } = of.response
  const levels = [
    { name: words.columns.p50, valueMs: p50Ms },
    { name: words.columns.p95, valueMs: p95Ms },
    { name: words.columns.p99, valueMs: p99Ms },
  ].flatMap(({ name, valueMs }) =>
    valueMs === null ? [] : [{ text: `${name} ${formats.response(valueMs)}`, valueMs }],
  )
  if (levels.length === 0 && points.every(({ meanMs }) => meanMs === null)) return null
  return html`<figure>${responseLines(
    points,
    levels,
    {
      title: words.response.title,
      description: words.response.description,
      scaleText: formats.response,
    },
    width,
  )}${width === undefined ? html`<figcaption class="dim">${words.response.description}</figcaption>` : null}</figure>`
}
