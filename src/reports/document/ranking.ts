import type { AccountKey } from '../../accounts/account.ts'
import { type Html, html } from '../../html.ts'
import type { Analysis, RankedAccount, SloVerdict } from '../analysis.ts'
import { strip } from './availability.ts'
import { table } from './tables.ts'
import { accountAnchor, accountName, NAME_IN_TABLE, type Section, type Writing } from './writing.ts'

/** More lines than this nobody reads; the CSV has them all. */
const MOST_ROWS = 50

/** @param described accounts that the report describes one by one, to link to */
export function rankingSection(analysis: Analysis, described: ReadonlySet<AccountKey>, writing: Writing): Section {
  const { words, formats } = writing
  const { ranking } = analysis
  const more =
    ranking.length <= MOST_ROWS
      ? null
      : html`<p>${words.ranking.shown(formats.number(MOST_ROWS), formats.number(ranking.length))}</p>`
  return {
    id: 'accounts',
    title: words.sections.accounts,
    body: html`${more}<p class="dim">${words.ranking.order}</p>${rankingTable(analysis, MOST_ROWS, described, writing)}`,
  }
}

function rankingTable(analysis: Analysis, most: number, described: ReadonlySet<AccountKey>, writing: Writing): Html {
  const { words, formats } = writing
  const { columns, figures } = words
  const rows = analysis.ranking
    .slice(0, most)
    .map((one) => [
      nameCell(one, described),
      chip(one.verdict, writing),
      html`${formats.availability(one.availability)}<br><small>${formats.availability(one.objective)}</small>`,
      changeCell(one, writing),
      formats.percent(one.budgetUsed),
      formats.span(one.downtimeMs),
      formats.number(one.incidents),
      formats.response(one.p95Ms),
      formats.number(one.reliability, 1),
      formats.percent(one.coverage),
      stripCell(one, analysis, writing),
    ])
  const lines = table(
    words.sections.accounts,
    [
      { name: columns.account, width: '34mm' },
      { name: columns.verdict },
      { name: figures.availability, number: true },
      { name: columns.change, number: true },
      { name: columns.budget, number: true },
      { name: figures.downtime, number: true },
      { name: figures.incidents, number: true },
      { name: columns.p95, number: true },
      { name: columns.score, number: true },
      { name: figures.coverage, number: true },
      { name: columns.days, width: '21mm' },
    ],
    rows,
  )
  return html`<div class="ranking">${lines}</div>`
}

/** The worst in one line each. */
export function shortRanking(analysis: Analysis, most: number, writing: Writing): Html {
  const { words, formats } = writing
  const { columns, figures } = words
  const rows = analysis.ranking
    .slice(0, most)
    .map((one) => [
      accountName(one, NAME_IN_TABLE),
      chip(one.verdict, writing),
      formats.availability(one.availability),
      formats.availability(one.objective),
      formats.span(one.downtimeMs),
      formats.number(one.incidents),
      stripCell(one, analysis, writing),
    ])
  return html`<div class="compact">${table(
    words.sections.worst,
    [
      { name: columns.account },
      { name: columns.verdict },
      { name: figures.availability, number: true },
      { name: figures.objective, number: true },
      { name: figures.downtime, number: true },
      { name: figures.incidents, number: true },
      { name: columns.days, width: '30mm' },
    ],
    rows,
  )}</div>`
}

function nameCell(one: RankedAccount, described: ReadonlySet<AccountKey>): Html {
  const name = accountName(one, NAME_IN_TABLE)
  return described.has(one.key)
    ? html`<a class="name" href="#${accountAnchor(one.key)}">${name}</a>`
    : html`<span class="name">${name}</span>`
}

/** The verdict as a word with a mark; the word alone tells it too. */
export function chip(verdict: SloVerdict, { words }: Writing): Html {
  return html`<span class="chip ${verdict}">${words.slo[verdict]}</span>`
}

function changeCell({ change }: RankedAccount, { words, formats }: Writing): Html | string {
  if (change === null) return formats.points(null)
  if (change === 0) return '='
  return html`<span class="${change > 0 ? 'better' : 'worse'}">${words.units.points(formats.points(change))}</span>`
}

/** Days of accounts that the analysis has in full; it has them in the ranking's order. */
function stripCell({ key, rank }: RankedAccount, { accounts }: Analysis, writing: Writing): Html | string {
  const full = accounts[rank - 1]
  return full === undefined || full.account.key !== key ? '' : strip(full, writing)
}
